#!/usr/bin/env python3
"""Writes what the fuzzers begin with: the catalogue, and conversations with each of its profiles.

    seeds.py FOLDER [EVENTS.jsonl…]

Makes FOLDER/fuzz_profile, FOLDER/fuzz_engine, FOLDER/fuzz_command_line, FOLDER/fuzz_control,
FOLDER/fuzz_record, FOLDER/fuzz_capture and FOLDER/fuzz_learn.
The conversations are a few that every profile meets (handshake, data, close, reset, silence), and
those of recorded runs (`--events`).
"""

import json
import pathlib
import re
import struct
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
PROFILES = TOP / "profiles"
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
SECONDS, MILLISECONDS, DIAL, SEGMENT = 2, 1, 6, 7


def wait(seconds):
    if seconds >= 1:
        return struct.pack(">BH", SECONDS, min(int(seconds), 65535))
    return struct.pack(">BH", MILLISECONDS, int(seconds * 1000))


def segment(flags, seq=0, ack=0, payload=0, window=502, port=0):
    """`seq` and `ack` are told relative to what the peer expects and has sent. `payload` is bytes,
    or how many of them."""
    size = payload if isinstance(payload, int) else 0x8000 | len(payload)
    options = struct.pack(">BHBHH", 15, 1460, 7, 1, 0) if flags & SYN else b"\0"
    return struct.pack(">BBBhhH", SEGMENT, port, flags, seq, ack, window) + options + \
        struct.pack(">H", size) + (payload if isinstance(payload, bytes) else b"")


HANDSHAKE = segment(SYN) + segment(ACK)
CALL = struct.pack(">BB", DIAL, 0)
CONVERSATIONS = {
    "close": HANDSHAKE + segment(PSH | ACK, payload=100) + segment(FIN | ACK) + wait(1) +
    segment(ACK) + wait(70),
    "silence": HANDSHAKE + segment(PSH | ACK, payload=1460) + wait(30) + segment(ACK, -1) +
    wait(7200),
    "reset": HANDSHAKE + segment(PSH | ACK, payload=10) + segment(RST | ACK) + wait(1),
    "window": HANDSHAKE + segment(ACK, window=0) + segment(PSH | ACK, payload=4000) + wait(5) +
    segment(ACK) + b"\4" + wait(60),
    "http": HANDSHAKE + segment(PSH | ACK, payload=b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\n") +
    segment(PSH | ACK, payload=b"abcGET / HTTP/1.1\r\n\r\n") + segment(FIN | ACK) + wait(1),
    "words": HANDSHAKE + segment(PSH | ACK, payload=b"EHLO x\r\nQUIT\r\n*1\r\n$4\r\nPING\r\n") +
    segment(PSH | ACK, payload=b"\0\0\0\x08\x04\xd2\x16\x2f") + wait(1) + segment(RST),
    "again": b"".join(segment(SYN, port=port) + wait(0.2) for port in range(4)) + wait(100),
    "dialled": CALL + segment(SYN | ACK) + segment(PSH | ACK, payload=100) + wait(10) +
    segment(FIN | ACK) + wait(70),
    "dialled-refused": CALL + segment(RST | ACK) + wait(100),
    "dialled-both": CALL + segment(SYN) + segment(SYN | ACK, -1) + wait(10) + segment(RST),
}

COMMAND_LINES = (
    "run refuse -- curl http://198.18.0.2:8080/",
    "run -q --peer api.local:80=slow-reader --peer [::1]:5432=refuse --family both -- true",
    "run --port 8080 --set a=b --fire unplug@2s --seed 7 --timeout 5s --rtt 1ms a.yaml -- true",
    "run lossy+3g --rate 1Mbit/s --delay 5ms --loss 2% --queue 1KiB -- true",
    "run --warp=6.1,6.12 --wall-timeout 2m --sysctl net.ipv4.tcp_syn_retries=2 refuse -- true",
    "run --link loopback --mtu 1500 --max-connections 9 --max-buffer 4KiB refuse -- true",
    "run --events a --pcap b --junit c --report d --tap - --control off --color never refuse -- true",
    "serve slow-reader --interface eth0 --address 192.0.2.50/24 --gateway 192.0.2.1",
    "serve --netns 4711 --link loopback --peer 127.0.0.1:5432=refuse --user nobody",
    "ctl act {\"do\":\"reset\"} --peer api", "ctl wait established>=1", "ctl use default refuse",
    "list --tag reset --json", "show refuse", "check a.yaml --set a=b", "completion bash",
    "warp build --kernel 6.12 --source a", "--version", "run --help",
)

REQUESTS = (
    ("GET", "/v1/info", None), ("GET", "/v1/peers/default", None), ("GET", "/metrics", None),
    ("GET", "/v1/connections?peer=default&limit=2&from=0", None), ("GET", "/openapi.json", None),
    ("GET", "/v1/wait?for=established%20%3E%3D%201%20peer=default&timeout=1ms", None),
    ("GET", "/v1/wait?for=event=segment+rule.line=7&since=0", None),
    ("GET", "/v1/events?since=0", None), ("POST", "/v1/stats/reset", ""),
    ("PUT", "/v1/peers/default/profile", '{"profile": "lossy", "set": {"loss": "10%"}}'),
    ("POST", "/v1/peers/default/actions", '{"do": [{"say": "x"}, "blackhole"], "new": true}'),
    ("POST", "/v1/connections/1/actions", '{"do": "{send: {flags: RA, seq: +1}}"}'),
    ("POST", "/v1/commands/unplug", "{}"), ("HEAD", "/v1/stats", None),
)


def request(method, target, body, chunked):
    head = f"{method} {target} HTTP/1.1\r\nHost: x\r\n"
    if body is None:
        return head + "\r\n"
    if chunked:
        return head + f"Transfer-Encoding: chunked\r\n\r\n{len(body):x}\r\n{body}\r\n0\r\n\r\n"
    return head + f"Expect: 100-continue\r\nContent-Length: {len(body)}\r\n\r\n{body}"


def recorded(path):
    """The program's segments of a recorded run, at their times."""
    steps, last = b"", 0.0
    for line in path.read_text().splitlines():
        event = json.loads(line)
        if event.get("event") != "segment" or event.get("dir") != "in":
            continue
        flags = sum(bit for letter, bit in zip("FSRPA", (FIN, SYN, RST, PSH, ACK))
                    if letter in event["flags"])
        steps += wait(event["t"] - last) + segment(flags, payload=event["len"],
                                                   window=event["win"])
        last = event["t"]
    return steps


def captured(flags, seq, ack, payload=b"", peer=False, after=0):
    """A packet as fuzz_learn reads it: what it costs in time, and IP and TCP without checksums."""
    ports = (80, 40000) if peer else (40000, 80)
    tcp = struct.pack(">HHIIBBHHH", *ports, seq, ack, 0x50, flags, 64240, 0, 0) + payload
    ends = bytes((198, 18, 0, 2 if peer else 1)) + bytes((198, 18, 0, 1 if peer else 2))
    ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(tcp), 1, 0x4000, 64, 6, 0) + ends
    return struct.pack(">HB", len(ip) + len(tcp), after) + ip + tcp


def captures():
    opening = (captured(SYN, 100, 0) + captured(SYN | ACK, 900, 101, peer=True, after=3)
               + captured(ACK, 101, 901) + captured(PSH | ACK, 101, 901, b"GET / HTTP/1.0\r\n\r\n"))
    return {
        "silence": opening + 3 * captured(PSH | ACK, 101, 901, b"GET / HTTP/1.0\r\n\r\n", after=40),
        "reset": opening + captured(RST | ACK, 901, 119, peer=True, after=9),
        "answer": opening + captured(PSH | ACK, 901, 119, b"HTTP/1.0 200 OK\r\n\r\n", True, 20)
        + captured(FIN | ACK, 920, 119, peer=True) + captured(FIN | ACK, 119, 921)
        + captured(ACK, 921, 120, peer=True),
        "unanswered": 4 * captured(SYN, 100, 0, after=60),
    }


LINKS = {"raw": (101, b""), "ethernet": (1, bytes(12) + b"\x08\x00"),
         "vlan": (1, bytes(12) + bytes.fromhex("810000070800")),
         "cooked": (113, bytes(14) + b"\x08\x00"), "cooked2": (276, b"\x08\x00" + bytes(18)),
         "null": (0, b"\2\0\0\0")}


def capture_files():
    """The same packets as files of pcap, with each link type, and as pcapng."""
    for name, packets in captures().items():
        records, at, now = [], 0, 0
        while at < len(packets):
            length, after = struct.unpack_from(">HB", packets, at)
            now += after * after
            records.append((now, packets[at + 3:at + 3 + length]))
            at += 3 + length
        for link, (number, head) in LINKS.items():
            yield f"{name}-{link}", struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, number) + \
                b"".join(struct.pack("<IIII", now // 1000, now % 1000 * 10**6, len(head + data) - cut,
                                     len(head + data)) + (head + data)[:len(head + data) - cut]
                         for at, data in records for cut in (0, 5))
        blocks = struct.pack("<IIIHHqI", 0x0A0D0D0A, 28, 0x1A2B3C4D, 1, 0, -1, 28) + \
            struct.pack("<IIHHII", 1, 20, 101, 0, 0, 20)
        for at, data in records:
            padded = data + bytes(-len(data) % 4)
            size = 32 + len(padded)
            blocks += struct.pack("<IIIIIII", 6, size, 0, 0, now * 1000, len(data), len(data)) + \
                padded + struct.pack("<I", size)
        yield f"{name}-pcapng", blocks


def main():
    folder = pathlib.Path(sys.argv[1])
    conversations = dict(CONVERSATIONS)
    for name in sys.argv[2:]:
        conversations[pathlib.Path(name).stem] = recorded(pathlib.Path(name))
    for target in ("fuzz_profile", "fuzz_engine"):
        (folder / target).mkdir(parents=True, exist_ok=True)
    (folder / "fuzz_command_line").mkdir(parents=True, exist_ok=True)
    for number, line in enumerate(COMMAND_LINES):
        (folder / "fuzz_command_line" / str(number)).write_bytes(b"\0".join(line.encode().split()))
    (folder / "fuzz_control").mkdir(parents=True, exist_ok=True)
    for number, one in enumerate(REQUESTS):
        for piece in (0, 7):
            (folder / "fuzz_control" / f"{number}-{piece}").write_bytes(
                bytes([piece]) + request(*one, chunked=piece and one[2]).encode())
    (folder / "fuzz_record").mkdir(parents=True, exist_ok=True)
    reference = (TOP / "include/ghostpeer/event-stream.md").read_text()
    for number, line in enumerate(re.findall(r'(?m)^    (\{"t":.*)$', reference)):
        (folder / "fuzz_record" / str(number)).write_text(line)
    (folder / "fuzz_capture").mkdir(parents=True, exist_ok=True)
    for name, file in capture_files():
        (folder / "fuzz_capture" / name).write_bytes(file)
    (folder / "fuzz_learn").mkdir(parents=True, exist_ok=True)
    for name, packets in captures().items():
        for options in (0, 1, 6):
            (folder / "fuzz_learn" / f"{name}-{options}").write_bytes(bytes([options]) + packets)
    for name in sys.argv[2:]:
        for number, line in enumerate(pathlib.Path(name).read_text().splitlines()[:200]):
            (folder / "fuzz_record" / f"{pathlib.Path(name).stem}-{number}").write_text(line)
    for profile in sorted(PROFILES.glob("*.yaml")):
        text = re.sub(rb"(?ms)^details: \|\n(?:  .*\n|\n)*", b"", profile.read_bytes())
        if b"role: client" in text and b"\nclient:" not in text:
            text += b"client: {source_port: 80}\n"
        (folder / "fuzz_profile" / profile.stem).write_bytes(text)
        for name, steps in conversations.items():
            (folder / "fuzz_engine" / f"{profile.stem}-{name}").write_bytes(text + b"\0" + steps)


if __name__ == "__main__":
    main()
