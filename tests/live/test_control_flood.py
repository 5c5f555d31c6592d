"""Thousands of requests, malformed ones among them, while a program talks to the peer."""

import json
import os

from control_support import PRELUDE, inside, unindented, variables
from harness import PYTHON, alone

FLOOD = """
    def traffic(stop, done):
        with connect() as client:
            while not stop.is_set():
                client.sendall(b"x" * 100)
                time.sleep(0.001)
        done.append(True)

    GOOD = ["GET /v1/info", "GET /v1/peers", "GET /v1/connections", "GET /v1/connections/1",
            "GET /v1/stats", "GET /metrics", "GET /v1/wait?for=connections%3E=1",
            'POST /v1/actions {"do": "revive"}', 'POST /v1/connections/1/actions {"do": "revive"}',
            'PUT /v1/peers/default/profile {"profile": "healthy"}', "POST /v1/stats/reset"]
    BAD = ["GET /v1/connections/99999999999999999999", "GET /v1/connections/0", "GET /nothing",
           "POST /v1/actions {", 'POST /v1/actions {"do": "explode"}', "POST /v1/actions []",
           'POST /v1/actions {"do": %s}' % ("[" * 5000), "GET /v1/wait?for=%ff%",
           'PUT /v1/peers/default/profile {"profile": "../../etc/passwd"}',
           'PUT /v1/peers/x/profile {"profile": "healthy"}', "GET /v1/connections?limit=0",
           "GET /v1/wait?for=sleep>=1", "DELETE /v1/peers", "GET /v1/events?since=x",
           'POST /v1/actions {"do": {"say": {"file": "/etc/passwd"}}}',
           "POST /v1/actions " + "x" * 20000]
    RAW = [b"\\0" * 100, b"GET\\r\\n\\r\\n", b"BREW /v1/info HTTP/1.1\\r\\n\\r\\n",
           b"GET /" + b"a" * 9000 + b" HTTP/1.1\\r\\n\\r\\n", b"GET / HTTP/9.9\\r\\n\\r\\n",
           b"POST /v1/actions HTTP/1.1\\r\\nContent-Length: 99999999999\\r\\n\\r\\n{}",
           b"POST /v1/actions HTTP/1.1\\r\\nContent-Length: -5\\r\\n\\r\\n{}",
           b"POST /v1/actions HTTP/1.1\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\nzz\\r\\n",
           b"GET /v1/info HTTP/1.1\\r\\n" + b"X: y\\r\\n" * 2000 + b"\\r\\n", b"", b"GET /v1/in"]

    def ask_all(number, errors, raw):
        try:
            connection = None
            for i in range(number):
                if raw and i % 10 == 9:
                    with socket.socket(socket.AF_UNIX) as plain:
                        plain.connect(peer.address[5:])
                        try:
                            plain.sendall(RAW[i // 10 % len(RAW)])
                            plain.shutdown(socket.SHUT_WR)
                            plain.recv(4096)
                        except (BrokenPipeError, ConnectionResetError):
                            pass
                    continue
                good = i % 3 != 1
                words = (GOOD[i % len(GOOD)] if good else BAD[i % len(BAD)]).split(" ", 2)
                for again in range(3):
                    if connection is None:
                        connection = peer._connect(60)
                    try:
                        connection.request(words[0], words[1],
                                           words[2] if len(words) > 2 else None)
                        answer = connection.getresponse()
                        text = answer.read()
                        break
                    except (ConnectionError, http.client.HTTPException):
                        connection.close()     # ended after the answer before, as may be
                        connection = None
                        assert again < 2, words[:2]
                assert (answer.status == 200) == good, (words[:2], answer.status, text[:200])
                if words[1] != "/metrics":
                    assert good or json.loads(text)["error"], text
        except Exception as error:
            errors.append(repr(error)[:500])

    def flood(number, raw=True, threads=4):
        errors = []
        workers = [threading.Thread(target=ask_all, args=(number // threads, errors, raw))
                   for _ in range(threads)]
        [w.start() for w in workers]
        [w.join() for w in workers]
        assert not errors, errors

    stop, done = threading.Event(), []
    talker = threading.Thread(target=traffic, args=(stop, done), daemon=True)
    talker.start()
    peer.wait("established >= 1", timeout=20)
"""


@alone
def ten_thousand_requests_leave_memory_flat(t):
    run = t.start("healthy", [PYTHON, "-c", PRELUDE + unindented(FLOOD + """
    def look(name):
        open(name, "w").close()
        while not os.path.exists(name + "-done"):
            time.sleep(0.01)
    flood(2000)
    look("before")
    flood(8000)
    look("after")
    stop.set()
    talker.join()
    assert done
    """)], env=variables(t), cwd=t.folder)
    process = f"/proc/{run.process.pid}/"
    seen = {}
    for moment in ("before", "after"):
        t.eventually(lambda name=moment: os.path.exists(t.path(name)) or
                     run.process.poll() is not None, f"the moment {moment} comes", 200)
        t.check(run.process.poll() is None, "COMMAND ended too early")
        with open(process + "status") as file:
            resident = next(line for line in file if line.startswith("VmRSS"))
        seen[moment] = (int(resident.split()[1]), len(os.listdir(process + "fd")))
        with open(process + "maps") as file:
            instrumented = "libasan" in file.read()  # which keeps what was freed
        t.write(moment + "-done", "")
    run.finish()
    t.passed(run)
    (kib, files), (kib_after, files_after) = seen["before"], seen["after"]
    t.check(instrumented or kib_after - kib < 4096, f"{kib} KiB, then {kib_after} KiB")
    t.check(files_after <= files + 8, f"{files} descriptors, then {files_after}")
    t.equal(run.verdict.lost, [], "lost output")


@alone
def requests_lose_no_event(t):
    run = inside(t, FLOOD + """
    seen = []
    ready = threading.Event()
    def listen():
        lines = peer._events(None, 60)
        next(lines)
        ready.set()
        for line in lines:
            if line.startswith("id: "):
                seen.append(int(line[4:]))
            elif line.startswith("data: "):
                seen.append(json.loads(line[6:]))
    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    ready.wait()
    flood(1000)
    peer.act({"log": "the last"})
    newest = peer.request("GET", "/v1/info")["newest_event"]
    stop.set()
    talker.join()
    for wait in range(1000):
        if any(isinstance(one, dict) and one["event"] == "log" for one in seen):
            break
        time.sleep(0.01)
    ids = [one for one in seen if isinstance(one, int)]
    assert ids == list(range(ids[0], ids[0] + len(ids))), "ids are not in a row"
    with open("seen.jsonl", "w") as file:
        for one in seen:
            if isinstance(one, dict):
                print(json.dumps(one), file=file)
                if one["event"] == "log":
                    break
    """, cwd=t.folder, limit=200)
    t.passed(run)
    with open(t.path("seen.jsonl")) as file:
        seen = [json.loads(line) for line in file]
    first = next(n for n, record in enumerate(run.records) if dict(record) == seen[0])
    t.equal([dict(r) for r in run.records[first:first + len(seen)]], seen, "the events")
