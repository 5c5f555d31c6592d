"""COMMAND of the part `control` of tools/bench: requests from four clients while others send data.

Prints one JSON line: requests a second, the longest time for which they kept segments waiting (ms),
as ghostpeer measured it, and the latency of one request after the other (us).
"""

import json
import os
import pathlib
import socket
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "runners" / "python"))
from ghostpeer_pytest import Ghostpeer  # noqa: E402

peer = Ghostpeer()
ADDRESS = (os.environ["GHOSTPEER_ADDR"], 80)
BODY = json.dumps({"do": "revive"})
WORDS = (("GET", "/v1/connections?limit=256", None), ("POST", "/v1/actions", BODY),
         ("GET", "/v1/stats", None), ("POST", "/v1/actions", '{"do": "explode"}'),
         ("GET", "/metrics", None), ("GET", "/v1/wait?for=established%3E=100", None),
         ("GET", "/nothing", None), ("GET", "/v1/wait?for=established%3E=1%20peer=default", None))


def traffic(stop):
    with socket.create_connection(ADDRESS) as client:
        while not stop.is_set():
            client.sendall(b"x" * 1000)
            time.sleep(0.0005)


def ask(number):
    connection = peer._connect(60)
    for i in range(number):
        connection.request(*WORDS[i % len(WORDS)])
        connection.getresponse().read()


def main(number):
    held = [socket.create_connection(ADDRESS) for _ in range(500)]
    stop = threading.Event()
    threading.Thread(target=traffic, args=(stop,), daemon=True).start()
    began = time.monotonic()
    clients = [threading.Thread(target=ask, args=(number // 4,)) for _ in range(4)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    seconds = time.monotonic() - began
    connection, times = peer._connect(60), []
    for _ in range(500):
        start = time.perf_counter()
        connection.request("GET", "/v1/connections/1")
        connection.getresponse().read()
        times.append(time.perf_counter() - start)
    connection.request("GET", "/metrics")
    metrics = connection.getresponse().read().decode().splitlines()
    longest = next(line for line in metrics
                   if line.startswith("ghostpeer_control_longest_turn_seconds"))
    stop.set()
    print(json.dumps({"requests_per_s": number / seconds, "held": len(held),
                      "longest_turn_ms": float(longest.split()[1]) * 1000,
                      "latency_us": sorted(times)[len(times) // 2] * 1e6}))


main(int(sys.argv[1]))
