"""What arrives on a connection, and what is acknowledged when (RFC 9293, 3.8.6, 3.10.7.4)."""

import packets as p
import services
from registry import probe
from prober import QUIET

PROMPT = 0.020  # sooner than any delayed ACK, later than one at once


def promptness(seconds):
    return "at once" if seconds < PROMPT else "delayed" if seconds < 0.3 else "late"


@probe("RFC 9293, 3.8.6.3; RFC 1122, 4.2.3.2", seconds=8)
def one_way_writes(host):
    c = host.open("discard")
    pairs = []
    for _ in range(14):
        began = c.send("P.", b"x" * 100)
        c.send("P.", b"x" * 100)
        end = c.next
        answer = None
        while (segment := c.take(QUIET)) is not None:
            if segment.ack == end:
                answer = segment
                break
        pairs.append(promptness(answer.at - began) if answer else "never")
        c.listen(0.05)
    yield "ACKs of 14 pairs of small writes, at once", pairs.count("at once") > 11
    c.end()


@probe("RFC 9293, 3.8.6.3; RFC 896", seconds=5)
def write_write_read(host):
    """A client with Nagle's algorithm: the second write waits for the ACK of the first."""
    c = host.open("http")
    rounds = []
    for _ in range(8):
        began = c.send("P.", b"GET / HTTP/1.1\r\n")
        c.take(QUIET)
        c.send("P.", b"Host: x\r\n\r\n")
        answer = None
        while (segment := c.take(QUIET)) is not None:
            if segment.data:
                answer = segment
                break
        rounds.append(promptness(answer.at - began) if answer else "never")
        c.send(".")
        c.listen(0.05)
    yield "8 requests in two writes, delayed", rounds.count("delayed") > 4
    c.end()


@probe("RFC 9293, 3.8.6.3: piggybacking", seconds=4)
def requests(host):
    for name, port, request in (("echo", "echo", b"ping"),
                                ("HTTP", "http", b"GET / HTTP/1.1\r\n\r\n")):
        c = host.open(port)
        for number in range(4):
            c.send("P.", request)
            came = c.answers(0.12)
            yield f"{name}, request {number + 1}", " ".join(
                f"[{s.flags}]{len(s.data) or ''}" for s in came)
            c.send(".")
        c.end()


@probe("RFC 5681, 4.2", seconds=5)
def full_segments(host):
    size = host.mss - 12
    c = host.open("discard")
    for _ in range(40):  # past the first, which are acknowledged each
        c.send(".", b"x" * size)
        c.listen(0.004)
    c.answers()
    waits = []
    for _ in range(6):
        c.send(".", b"x" * size)
        c.listen(0.008)
        began = c.send(".", b"x" * size)
        answer = c.take(QUIET)
        waits.append(answer is not None and answer.ack == c.next and answer.at - began < PROMPT)
        c.answers(0.06)
    yield "every second one is acknowledged at once", all(waits)
    c.end()


@probe("RFC 2018, 4; RFC 9293, 3.10.7.4", family="46", seconds=3)
def out_of_order(host):
    for kind, options in (("with SACK", None), ("without SACK", b"")):
        c = host.open("discard", options=options)
        for at in (2, 4, 6, 8, 10, 3):
            c.send(".", b"x" * 100, seq=100 * at)
            yield f"{kind}, block {at}", c.told(c.answers(0.1))
        c.send(".", b"x" * 200, seq=0)
        yield f"{kind}, the first hole filled", c.told(c.answers(0.1))
        c.send(".", b"x" * 100, seq=500)
        yield f"{kind}, the second hole filled", c.told(c.answers(0.1))
        c.end()


@probe("RFC 2883", seconds=3)
def duplicates(host):
    c = host.open("discard")
    c.send(".", b"x" * 300, seq=0)
    c.answers(0.1)
    for name, at, size in (("all of it", 0, 300), ("partly new", 200, 300), ("ahead", 700, 100),
                           ("ahead, again", 700, 100), ("ahead, overlapping", 750, 100),
                           ("old, while there is a hole", 0, 100)):
        c.send(".", b"x" * size, seq=at)
        yield name, c.told(c.answers(0.1))
    c.end()


@probe("RFC 9293, 3.10.7.4: first check; RFC 5961", family="46", seconds=6)
def outside_the_window(host):
    for name, fields in (
            ("data beyond", {"data": b"x" * 100, "seq": 150000}), ("ACK beyond", {"seq": 150000}),
            ("old ACK", {"seq": -1000}), ("ACK of what was not sent", {"ack": 1000}),
            ("data, ACK of what was not sent", {"ack": 1000, "data": b"xxxx", "keep": True}),
            ("an ACK far too old", {"ack": -200000000}),
            ("data, an ACK a little too old", {"ack": -1, "data": b"xxxx", "keep": True})):
        c = host.open("discard")
        c.send(".", **fields)
        yield name, c.told(c.answers())
        c.send(".", **fields)
        yield f"{name}, again at once", c.told(c.answers())
        c.end()
    c = host.open("discard")
    c.send("P", b"xxxx")
    yield "data without ACK", c.told(c.answers())
    c.end()


@probe("RFC 9293, 3.8.4", seconds=3)
def keepalives(host):
    c = host.open("discard")
    c.send("P.", b"abc")
    c.answers(0.1)
    for name, fields in (("without data", {"seq": -1}), ("again", {"seq": -1}),
                         ("with a byte", {"seq": -1, "data": b"z"}), ("two before", {"seq": -2})):
        c.send(".", **fields)
        yield name, c.told(c.answers())
        c.listen(0.45)
    c.end()


@probe("RFC 7323, 5", family="46", seconds=4)
def old_timestamps(host):
    c = host.open("discard")
    c.send("P.", b"abc")
    c.answers(0.1)
    for name, flags, fields in (
            ("data", "P.", {"data": b"old", "options": c.stamps(1000), "keep": True}),
            ("ACK", ".", {"options": c.stamps(5000)}),
            ("FIN", "F.", {"options": c.stamps(5000), "keep": True})):
        c.send(flags, **fields)
        yield name, c.told(c.answers())
        c.listen(0.5)
    c.send("P.", b"no ts", options=b"")
    yield "data without timestamps", c.told(c.answers())
    c.end()


@probe("RFC 9293, 3.8.5", family="46", seconds=4)
def urgent_data(host):
    """Linux takes the urgent byte out of the stream unless SO_OOBINLINE is set. Its read ends before
    that byte, so that what an echo writes then waits for an ACK."""
    c = host.open("echo")
    for name, data, pointer in (("at the end", b"abcdef", 6), ("in the middle", b"ghij", 2),
                                ("pointer 0", b"klmn", 0), ("pointer far ahead", b"opqr", 400)):
        c.send("P.U", data, urgent=pointer)
        came = c.text()
        c.send(".")
        yield name, came + b"".join(segment.data for segment in c.data())
        c.send(".")
    c.send("P.", b"stuv")
    yield "ordinary data behind it", c.text()
    c.end()


@probe("RFC 9293, 3.10.7.4: eighth check", family="46", seconds=4)
def fin(host):
    c = host.open("echo")
    c.send("F.", b"bbb", seq=3)
    yield "behind a hole", c.told(c.answers())
    c.send(".", b"aaa", seq=0)
    c.next += 7
    yield "the hole filled", c.text()
    c.send("F.", seq=-1)
    yield "the FIN again", c.told(c.answers(0.1)[:1])
    c.send("P.", b"zzz", seq=0)
    yield "data behind it", c.told(c.answers(0.1)[:1])
    c.end()
    c = host.open("echo-keep")
    c.send("F.")
    c.answers()
    for name, flags, fields in (
            ("a keepalive", ".", {"seq": -1}), ("the FIN again", "F.", {"seq": -1}),
            ("data past it", "P.", {"data": b"x", "seq": 0})):
        c.send(flags, **fields)
        yield f"CLOSE-WAIT, {name}", c.told(c.answers())
        c.listen(0.4)
    c.end()


@probe("RFC 9293, 3.8.6.2.2: MUST-38 and 39; RFC 7323", seconds=8)
def a_full_window(host):
    c = host.open("hold")
    edge = c.next + c.syn_ack.window
    taken = 0
    while True:
        room = edge - c.next
        if not 0 < room < 1 << 31:
            break
        size = min(host.mss - 12, room)
        c.send(".", b"x" * size)
        taken += size
        for segment in c.listen(0.08 if size < host.mss - 12 else 0.003):
            offered = segment.ack + (segment.window << c.scale)
            edge += max(0, c.relative(offered, edge))  # it never goes back (RFC 7323, 2.4)
    last = c.answers(0.3)
    yield "the window is 0 in the end", bool(last) is False or last[-1].window == 0
    for name, flags, fields in (("a probe", ".", {"seq": -1}), ("a byte too many", ".",
                                                               {"data": b"p", "keep": True}),
                                ("a FIN", "F.", {"keep": True})):
        c.send(flags, **fields)
        came = c.answers()
        yield name, [(s.flags, c.relative(s.ack, c.next), s.window) for s in came]
        c.listen(0.4)
    c.end()


@probe("RFC 9293, 3.8.6; Linux: receive buffer auto-tuning", seconds=6, alone=True)
def window_growth(host):
    """As much as the window lets pass, and a round trip of 10 ms."""
    c = host.open("discard")
    size = host.mss - 12
    edge, largest = c.next + c.syn_ack.window, 0
    for _ in range(60):
        while 0 < edge - c.next - size < 1 << 31 and edge - c.next > size:
            c.send(".", b"x" * size)
        for segment in c.listen(0.01):
            window = segment.window << c.scale
            largest = max(largest, window)
            edge = max(edge, segment.ack + window)
        if largest > 1 << 20:
            break
    yield "above 1 MiB after 60 round trips", largest > 1 << 20
    c.end()


@probe("RFC 9293, 3.8.6; RFC 7323, 1.1", family="46", seconds=6, alone=True)
def a_long_way(host):
    """This machine's kernel sends 8 MiB to both, over a round trip of 50 ms."""
    address = host.v6 if host.family == 6 else host.v4
    yield "8 MiB are there", host.line.far_client.upload(address, services.port("discard"), 8 << 20)
