#!/usr/bin/env python3
"""Writes a capture of many conversations at once, for the part `learn` of tools/bench.

    large_capture.py FILE BYTES
"""

import struct
import sys

AT_ONCE = 64
SEGMENTS = 60  # of data, 1448 bytes each, in an answer
ETHERNET = bytes.fromhex("020000000002020000000001") + b"\x08\x00"
SYN_OPTIONS = bytes.fromhex("020405b40402080a0000000100000000" "01030307")
OPTIONS = bytes.fromhex("0101080a0000000100000001")
DATA = bytes(range(256)) * 6


def packet(number, ident, to_server, flags, seq, ack, payload=b"", options=OPTIONS):
    client = struct.pack(">I", 0x0A000000 + number // 20000)
    server = b"\xc0\x00\x02\x07"
    port = 20000 + number % 20000
    ports = struct.pack(">HH", port, 443) if to_server else struct.pack(">HH", 443, port)
    tcp = ports + struct.pack(">IIBBHHH", seq, ack, (20 + len(options)) // 4 << 4, flags, 500, 0, 0)
    size = 20 + len(tcp) + len(options) + len(payload)
    ip = struct.pack(">BBHHHBBH", 0x45, 0, size, ident & 0xFFFF, 0x4000, 64 if to_server else 55, 6,
                     0) + (client + server if to_server else server + client)
    return ETHERNET + ip + tcp + options + payload


def conversation(number):
    """Packets of one, each some time after the last: (milliseconds, bytes)."""
    ident = number * 7
    yield 0, packet(number, ident, True, 0x02, 1000, 0, options=SYN_OPTIONS)
    yield 20, packet(number, ident + 1, False, 0x12, 5000, 1001, options=SYN_OPTIONS)
    yield 0, packet(number, ident + 2, True, 0x10, 1001, 5001)
    yield 1, packet(number, ident + 3, True, 0x18, 1001, 5001, DATA[:300])
    seq = 5001
    for i in range(SEGMENTS):
        yield (20 if i == 0 else 1), packet(number, ident + 4 + i, False, 0x10, seq, 1301, DATA[:1448])
        seq += 1448
        if i % 2:
            yield 0, packet(number, ident + 100 + i, True, 0x10, 1301, seq)
    yield 5, packet(number, ident + 200, True, 0x11, 1301, seq)
    yield 20, packet(number, ident + 201, False, 0x11, seq, 1302)
    yield 0, packet(number, ident + 202, True, 0x10, 1302, seq + 1)


def main():
    path, size = sys.argv[1], int(sys.argv[2])
    with open(path, "wb", buffering=1 << 20) as file:
        file.write(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 65535, 1))
        written, number, now = 0, 0, 0
        running = []
        while written < size:
            while len(running) < AT_ONCE:
                running.append(conversation(number))
                number += 1
            left = []
            for one in running:
                following = next(one, None)
                if following is None:
                    continue
                left.append(one)
                now += 15_000 + following[0] * 1000
                data = following[1]
                file.write(struct.pack("<IIII", now // 10**9, now % 10**9, len(data), len(data)) + data)
                written += 16 + len(data)
            running = left


if __name__ == "__main__":
    main()
