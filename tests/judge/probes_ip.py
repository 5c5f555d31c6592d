"""Below TCP: ECN, path MTU and other ICMP, IP fragments, and what else a host answers."""

import struct

import packets as p
from registry import probe
from prober import QUIET

REQUEST = b"GET / HTTP/1.1\r\n\r\n"


def quoted(host, segment):
    """The beginning of a packet of the host, as a router quotes it."""
    raw = segment.packet.payload
    return p.ip_packet(host.address, host.own, p.TCP, raw)[:(20 if host.family == 4 else 40) + 8]


def too_big(host, segment, mtu):
    about = quoted(host, segment)
    if host.family == 4:
        host.send(p.ICMP, p.icmp(host.own, host.address, 3, 4, mtu, about))
    else:
        host.send(p.ICMPV6, p.icmp(host.own, host.address, 2, 0, mtu, about))


@probe("RFC 3168", family="46", seconds=3)
def ecn(host):
    c = host.conversation("big")
    answer = c.handshake("SEW")
    yield "SYN", (answer.flags, answer.packet.tos)
    c.send("P.", REQUEST)
    data = c.data(0.1)
    yield "codepoint of data", {s.packet.tos for s in data}
    c.send(".", ack=data[-1].end - c.expected)
    c.answers(0.1)
    c.send("P.", b"GET", ip={"tos": 3})
    yield "congestion is told", {"E" in s.flags for s in c.answers(0.1)}
    c.end()


@probe("RFC 1191; RFC 8201; RFC 5927", family="46", seconds=3)
def path_mtu(host):
    mtu = 1280
    host = host.with_own_path()
    c = host.open("big")
    c.send("P.", REQUEST)
    data = c.data(0.05)
    too_big(host, data[0], mtu)
    again = c.data(0.1)
    yield "sent again", bool(again)
    yield "in its size", {len(s.data) for s in again[:1]}
    c.end()


@probe("RFC 5927: sequence numbers of what is quoted", family="46", seconds=3)
def path_mtu_lies(host):
    host = host.with_own_path()
    c = host.open("big")
    c.send("P.", REQUEST)
    data = c.data(0.05)
    wrong = p.Segment(data[0].packet)
    raw = bytearray(data[0].packet.payload)
    raw[4:8] = struct.pack("!I", data[0].seq - 100000 & 0xffffffff)
    wrong.packet = p.dataclasses.replace(data[0].packet, payload=bytes(raw))
    too_big(host, wrong, 1280)
    yield "about a number that is not outstanding", bool([s for s in c.listen(0.1) if s.data])
    c.end()


@probe("RFC 5461; RFC 1122, 4.2.3.9", seconds=8)
def soft_errors(host):
    """None of them ends a connection of a program that does not ask for it."""
    for name, kind, code in (("host unreachable", 3, 1), ("port unreachable", 3, 3),
                             ("prohibited", 3, 13), ("TTL exceeded", 11, 0),
                             ("source quench", 4, 0)):
        c = host.open("echo")
        c.send("P.", b"hi")
        answer = c.take(QUIET)
        host.send(p.ICMP, p.icmp(host.own, host.address, kind, code, 0, quoted(host, answer)))
        c.listen(0.05)
        c.send(".")
        c.send("P.", b"x" * 600)
        yield f"{name}, then an echo", len(c.text())
        c.end()


def fragments(host, payload, ident):
    """Sends parts of a TCP segment; offsets are multiples of 8."""
    def send(start, end, more):
        if host.family == 4:
            field = start // 8 | (0x2000 if more else 0)
            host.send(p.TCP, payload[start:end], fragment=field, ident=ident)
        else:
            head = struct.pack("!BBHI", p.TCP, 0, start | (1 if more else 0), ident)
            host.send(p.FRAGMENT, head + payload[start:end])
    return send


@probe("RFC 791, 3.2; RFC 8200, 4.5; RFC 5722; RFC 6946", family="46", seconds=6)
def ip_fragments(host):
    ident = 4000
    for name, parts in {
            "in order": [(0, 40), (40, None)], "last first": [(40, None), (0, 40)],
            "three": [(0, 24), (24, 48), (48, None)],
            "one twice": [(0, 40), (0, 40), (40, None)],
            "overlapping": [(0, 48), (40, None), (0, 40), (40, None)],
            "overlapping from within": [(0, 24), (16, 48), (48, None)],
            "a hole": [(0, 24), (48, None)], "tiny first": [(0, 8), (8, None)]}.items():
        c = host.open("echo")
        ident += 1
        raw = c.raw("P.", b"z" * 64)
        send = fragments(host, raw, ident=ident)
        for start, end in parts:
            send(start, end, end is not None)
        yield name, len(c.text())
        c.end()
    if host.family == 6:
        c = host.open("echo")
        fragments(host, c.raw("P.", b"z" * 64), ident=9)(0, None, False)
        yield "one that is all", len(c.text())
        c.end()


@probe("RFC 8200, 4", family="6", seconds=3)
def extension_headers(host):
    for name, number, header in (
            ("destination options", 60, b"\x06\0\x01\x04\0\0\0\0"),
            ("hop-by-hop options", 0, b"\x06\0\x01\x04\0\0\0\0"),
            ("routing, nothing left", 43, b"\x06\0\0\0\0\0\0\0")):
        c = host.conversation("echo")
        host.send(number, header + c.raw("S", options=p.mss(host.mss)))
        c.next += 1
        yield name, c.told(c.answers())
        c.end()


@probe("RFC 791; RFC 1122, 3.2.1", seconds=4)
def ip_headers(host):
    for name, fields in {
            "TTL 1": {"ttl": 1}, "TOS 0xb8": {"tos": 0xb8}, "CE": {"tos": 3},
            "no DF": {"fragment": 0}, "option NOP": {"options": b"\1\1\1\0"},
            "record route": {"options": b"\x07\x07\x04\0\0\0\0\0"}}.items():
        c = host.conversation("echo")
        answer = c.handshake(ip=fields)
        yield name, answer and (answer.flags, answer.packet.tos, answer.packet.ttl)
        c.end()


@probe("RFC 791; RFC 6864; RFC 6437", family="46", seconds=3)
def marks(host):
    c = host.open("echo")
    found = []
    for _ in range(4):
        c.send("P.", b"x")
        found += c.answers(0.06)
        c.send(".")
    yield "identification or flow label", {s.mark for s in found}
    if host.family == 6:
        yield "one label for a connection", len({s.packet.ident for s in found}) == 1
    c.end()


@probe("RFC 1122, 3.2.2; RFC 4443", family="46", seconds=3)
def other_packets(host):
    v4 = host.family == 4
    protocol = p.ICMP if v4 else p.ICMPV6
    host.icmp_answers(0)
    for name, size in (("ping", 56), ("a ping in fragments", 2000)):
        ping = p.icmp(host.own, host.address, 8 if v4 else 128, 0, 0x10001, b"x" * size)
        if size < 1400:
            host.send(protocol, ping)
        else:
            for start, end in ((0, 1400), (1400, None)):
                if v4:
                    host.send(protocol, ping[start:end], ident=77,
                              fragment=start // 8 | (0x2000 if end else 0))
                else:
                    host.send(p.FRAGMENT, struct.pack("!BBHI", protocol, 0,
                                                      start | (1 if end else 0), 77)
                              + ping[start:end])
        answers = host.icmp_answers(0.3)
        yield name, answers[0][:2] if answers else "silence"
    datagram = struct.pack("!HHHH", 999, 9999, 13, 0) + b"hello"
    if not v4:
        head = p.pseudo_header(host.own, host.address, 17, len(datagram))
        datagram = datagram[:6] + struct.pack("!H", p.checksum(head + datagram)) + datagram[8:]
    host.send(17, datagram)
    yield "UDP to a closed port", [a[:2] for a in host.icmp_answers(0.3)]
    host.send(253, b"x" * 20)
    yield "a protocol that nobody speaks", [a[:2] for a in host.icmp_answers(0.3)]
