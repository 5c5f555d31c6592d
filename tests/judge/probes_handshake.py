"""The handshake: what answers a SYN, and what does not (RFC 9293, 3.5, 3.10.7.1 to 3.10.7.4)."""

import packets as p
from registry import probe
from prober import QUIET, Times

O = p.NOP


@probe("RFC 9293, 3.7.1; RFC 7323")
def syn_ack(host):
    c = host.conversation("echo")
    answer = c.handshake()
    yield "what Linux offers", c.describe(answer)
    yield "window", answer.window
    yield "TTL, TOS, DF", (answer.packet.ttl, answer.packet.tos, answer.packet.dont_fragment)
    yield "IP identification or flow label", answer.mark
    c.end()


@probe("RFC 9293, 3.1, 3.2; RFC 7323; RFC 2018", family="46")
def options_of_a_syn(host):
    own = p.mss(host.mss)
    for name, options in {
            "none": b"", "MSS": own, "MSS 0": p.mss(0), "MSS 47": p.mss(47),
            "MSS 65535": p.mss(65535), "MSS twice": p.mss(1000) + p.mss(500),
            "scale 15": own + O + p.window_scale(15), "scale 255": own + O + p.window_scale(255),
            "timestamps": O * 2 + p.timestamps(5, 0), "timestamps, echo": O * 2 + p.timestamps(5, 77),
            "timestamps of 0": O * 2 + p.timestamps(0, 0), "scale": O + p.window_scale(7),
            "SACK permitted": p.SACK_PERMITTED,
            "timestamps twice": O * 2 + p.timestamps(5, 0) + O * 2 + p.timestamps(9, 0),
            "unknown kind": b"\xfd\x04\x01\x02" + own, "40 NOPs": O * 40,
            "end of list first": bytes(4) + own, "garbage behind the end": b"\0\xff\xff\xff",
            "fast open request": own + b"\x22\x02" + O * 2, "MPTCP": own + b"\x1e\x0c\0\x01" + bytes(8),
            "SACK blocks": own + O * 2 + p.sack((1, 2)), "MD5": O * 2 + b"\x13\x12" + bytes(16),
            "AO": b"\x1d\x10\x01\x01" + bytes(12)}.items():
        c = host.conversation("echo", options=options)
        yield name, c.describe(c.handshake(acknowledge=False))
        c.end()


@probe("RFC 9293, 3.1: MUST-7")
def malformed_options(host):
    own = p.mss(host.mss)
    for name, options in {
            "MSS of length 3": b"\x02\x03\x05\0", "MSS of length 2": b"\x02\x02" + O * 2 + p.SACK_PERMITTED,
            "MSS of length 6": b"\x02\x06\x05\xb4\0\0" + O * 2, "scale of length 4": b"\x03\x04\x07\x07",
            "timestamps of length 8": b"\x08\x08\0\0\0\x01\0\0", "length 0": b"\xc8\0" + O * 2 + own,
            "length 1": b"\xc8\x01" + O * 2 + own, "beyond the header": O * 2 + b"\x02\x04",
            "beyond the header, behind a good one": own + O * 3 + b"\xfe" + O * 2 + b"\x01\x20"}.items():
        c = host.conversation("echo", options=options)
        yield f"SYN, {name}", c.describe(c.handshake(acknowledge=False))
        c.end()
    for name, options in {"length 0": b"\xc8\0" + O * 2, "beyond the header": b"\xfe\x20" + O * 2,
                          "timestamps of length 8": b"\x08\x08" + bytes(6)}.items():
        c = host.open("echo", options=own)
        c.send("P.", b"hello", options=options)
        yield f"data, {name}", c.told(c.answers())
        c.end()


def to_port(host, port):
    for flags, more in {
            "S": {}, "SE": {}, "SEW": {}, "SP": {}, "SU": {"urgent": 5}, "SF": {}, "SFP.U": {},
            "SR": {}, "S.": {}, "F": {}, "F.": {}, ".": {}, "P.": {"data": b"xy"}, "FPU": {},
            "P": {"data": b"xy"}, "R": {}, "R.": {}, "": {}, "SFRP.UEWN": {}}.items():
        c = host.conversation(port)
        c.peer_isn = c.expected = 12345
        c.send(flags, options=p.mss(host.mss) if "S" in flags else b"", **more)
        answer = c.take(QUIET)
        if answer is None:
            yield flags or "none", "silence"
        else:
            c.peer_isn = answer.seq if "S" in answer.flags else 0
            yield flags or "none", f"{c.describe(answer)} win {answer.window > 0}"
            c.next = c.isn + 1
        c.end()


@probe("RFC 9293, 3.10.7.2", family="46")
def flags_to_a_listener(host):
    yield from to_port(host, "echo")


@probe("RFC 9293, 3.10.7.1", family="46")
def flags_to_a_closed_port(host):
    yield from to_port(host, "closed")


@probe("RFC 9293, 3.1: reserved bits")
def reserved_bits(host):
    for bits in (1, 2, 4, 7):
        c = host.conversation("echo")
        answer = c.handshake(reserved=bits, acknowledge=False)
        yield f"{bits}", (c.describe(answer), answer and answer.reserved)
        c.end()


@probe("RFC 9293, 3.1: MUST-3; header lengths")
def what_is_spoiled(host):
    for name, port, fields in (
            ("checksum 0", "echo", {"spoil": lambda v: 0}),
            ("wrong checksum", "echo", {"spoil": lambda v: v ^ 0x5555}),
            ("header of 4 words", "echo", {"offset": 4}),
            ("header beyond the end", "echo", {"offset": 15}), ("port 0", 0, {})):
        c = host.conversation(port)
        yield name, c.describe(c.handshake(acknowledge=False, **fields))
        c.end()
    c = host.conversation("echo", own_port=0)
    yield "from port 0", c.describe(c.handshake(acknowledge=False))
    c.end()
    c = host.open("echo")
    c.send("P.", b"xx", keep=True, spoil=lambda v: v ^ 0x5555)
    yield "data, wrong checksum", c.told(c.answers())
    c.end()


@probe("RFC 9293, 3.10.7.2 and 3.10.7.4: text on a SYN", family="46")
def data_on_a_syn(host):
    c = host.conversation("echo")
    c.send("S", b"hello", options=p.mss(host.mss))
    c.next = c.isn + 1
    yield "SYN", c.told(c.answers())
    c.send(".")
    yield "ACK", c.told(c.answers())
    c.send("P.", b"hello")
    yield "the data again", c.text()
    c.end()


@probe("RFC 9293, 3.10.7.4; RFC 5961, 4")
def a_second_syn(host):
    for name, at in (("the same", 0), ("another number", 1000), ("a lower number", -1000)):
        c = host.conversation("echo")
        c.handshake(acknowledge=False)
        c.send("S", seq=at - 1, options=c.syn_options())
        yield name, c.told(c.answers())
        c.end()


@probe("RFC 9293, 3.10.7.4: SYN-RECEIVED", family="46")
def what_does_not_complete(host):
    for name, flags, fields in (
            ("ACK of less", ".", {"ack": -1}), ("ACK of more", ".", {"ack": 1}),
            ("data, ACK of more", "P.", {"ack": 5, "data": b"x", "keep": True}),
            ("ACK beyond the window", ".", {"seq": 200000}), ("old ACK", ".", {"seq": -5}),
            ("data without ACK", "P", {"data": b"x", "keep": True}),
            ("RST in the window", "R", {"seq": 10}),
            ("FIN without ACK", "F", {"keep": True})):
        c = host.conversation("echo")
        c.handshake(acknowledge=False)
        c.send(flags, **fields)
        yield name, c.told(c.answers())
        # Linux wants the timestamp of the SYN-ACK back, not that of a challenge behind it.
        c.peer_stamp = c.syn_ack.options.timestamps[0]
        c.send("P.", b"hi")
        yield f"{name}, then data", c.text()
        c.end()
    for name, flags, fields in (("RST", "R", {}), ("RST,ACK, wrong ACK", "R.", {"ack": 77})):
        c = host.conversation("echo")
        c.handshake(acknowledge=False)
        c.send(flags, options=b"", **fields)
        c.send(".")
        yield f"{name}, then ACK", c.told(c.answers())
        c.end()


@probe("RFC 9293, 3.10.7.4: the handshake's ACK is lost", family="46")
def without_the_ack(host):
    c = host.conversation("echo")
    c.handshake(acknowledge=False)
    c.send("P.", b"hello")
    yield "data first", c.text()
    c.end()
    c = host.conversation("echo")
    c.handshake(acknowledge=False)
    c.send("F.")
    yield "FIN first", c.told(c.answers())
    c.end()
    c = host.conversation("echo")
    c.handshake(acknowledge=False)
    c.send("P.", b"BBBB", seq=4)
    c.listen(0.1)
    c.send("P.", b"AAAABBBB")
    yield "the second part first", c.text()
    c.end()


@probe("RFC 9293, 3.8.1; RFC 6298, 5.7", seconds=9)
def syn_ack_again(host):
    c = host.conversation("brief-syn")
    c.handshake(acknowledge=False)
    again = c.listen(8)
    yield "SYN-ACK", Times([s.at - c.syn_ack.at for s in again], 8)
    yield "its window stays", {s.window for s in again} == {c.syn_ack.window}
    c.send(".")
    yield "an ACK when all is given up", [s.flags for s in c.answers()]
    c.end()


@probe("RFC 6528; RFC 9293, 3.4.1: MUST-8", seconds=3)
def initial_numbers(host):
    numbers, stamps, times = [], [], []
    port = next(host.line.ports)
    for _ in range(6):
        c = host.open("echo", own_port=port)
        numbers.append(c.peer_isn)
        stamps.append(c.syn_ack.options.timestamps[0])
        times.append(c.syn_ack.at)
        c.end()
        c.listen(0.05)
    steps = [b - a & 0xffffffff for a, b in zip(numbers, numbers[1:])]
    yield "of one 4-tuple, rising with the time", all(0 < s < 1 << 31 for s in steps)
    passed = [round((b - a) * 1000) for a, b in zip(times, times[1:])]
    yield "timestamps of one 4-tuple go on", all(
        abs((b - a & 0xffffffff) - ms) < 20 for a, b, ms in zip(stamps, stamps[1:], passed))
    others = set()
    for _ in range(20):
        c = host.open("echo")
        others.add(c.peer_isn)
        c.end()
    yield "of 20 ports, all different", len(others)
    spread = sorted(b - a & 0xffffffff for a, b in zip(list(others), list(others)[1:]))
    yield "of 20 ports, spread over all numbers", spread[-1] - spread[0] > 1 << 30


@probe("RFC 4987", family="46", seconds=4)
def a_flood_of_syns(host):
    crowd = [host.conversation("echo") for _ in range(200)]
    for c in crowd:
        c.send("S", options=c.syn_options())
    answered = sum(c.take(1) is not None for c in crowd)
    yield "SYN-ACKs for 200 SYNs", answered
    c = host.open("echo")
    c.send("P.", b"hello")
    yield "then an echo", c.text()
    c.end()
    for c in crowd:
        c.end()
