"""How connections end: FIN, and RST (RFC 9293, 3.5.2, 3.6, 3.10.7.4; RFC 5961)."""

import packets as p
from registry import probe
from prober import QUIET, Times


@probe("RFC 9293, 3.6", family="46", seconds=3)
def answer_and_close(host):
    c = host.open("bye")
    c.send("P.", b"hi\n")
    yield "request", c.told(c.answers())
    c.send(".")
    c.listen(0.1)
    c.send("P.", b"more")
    yield "data when it has closed", c.told(c.answers())
    c.end()


@probe("RFC 9293, 3.6: piggybacking", seconds=3)
def the_program_closes_first(host):
    c = host.open("echo")
    c.send("F.")
    yield "FIN", c.told(c.answers())
    c.end()
    c = host.open("echo")
    c.send("FP.", b"hi")
    yield "FIN with data", c.told(c.answers())
    c.end()


@probe("RFC 9293, 3.10.7.4: FIN-WAIT-2 and TIME-WAIT", family="46", seconds=6)
def time_wait(host):
    c = host.open("bye")
    c.send("P.", b"hi\n")
    c.answers()
    c.send(".")
    c.listen(0.1)
    for name, flags, fields in (
            ("our FIN", "F.", {}), ("the FIN again", "F.", {"seq": -1}),
            ("data", "P.", {"data": b"zz", "keep": True}), ("ACK", ".", {}),
            ("a keepalive", ".", {"seq": -1}),
            ("a SYN-ACK", "S.", {"seq": 5}), ("RST out of place", "R", {"seq": 5, "options": b""})):
        c.send(flags, **fields)
        yield name, c.told(c.answers())
        c.listen(0.45)
    c.send("S", seq=-5000, options=2 * p.NOP + p.timestamps(c.stamp() - 9000, 0))
    yield "an old SYN", c.told(c.answers())
    c.end()


@probe("RFC 9293, 3.6.1; RFC 6191", family="46", seconds=5)
def reuse_of_a_port(host):
    above = []
    for name, ahead, newer, stamped in (
            ("higher number, newer timestamp", 1000, 10, True),
            ("lower number, newer timestamp", -1000, 10, True),
            ("higher number, older timestamp", 1000, -100000, True),
            ("higher number, no timestamps", 1000, 0, False),
            ("lower number, no timestamps", -1000, 0, False)):
        c = host.open("bye", options=None if stamped else p.mss(host.mss))
        c.send("P.", b"hi\n")
        c.answers()
        c.send(".")
        c.send("F.")
        c.listen(0.1)
        ended = c.expected
        options = c.syn_options() if stamped else p.mss(host.mss)
        if stamped and newer < 0:
            options = p.mss(host.mss) + p.SACK_PERMITTED + p.timestamps(c.stamp() + newer, 0)
        if stamped:
            c.listen(0.02)
        c.send("S", seq=ahead, options=options)
        answer = c.take(QUIET)
        yield name, answer and (answer.flags, c.relative(answer.ack, c.next))
        if answer and "S" in answer.flags:
            above.append(0 < answer.seq - ended & 0xffffffff < 1 << 31)
        c.next += ahead + 1
        c.end()
    yield "its numbers are above the old ones", all(above)


@probe("RFC 9293, 3.10.7.4; RFC 2525, 2.17", family="46", seconds=4)
def unread_data(host):
    c = host.open("unread")
    c.send("P.", b"hello world")
    came = c.listen(0.7)
    yield "closed with data unread", [s.flags for s in came]
    if came and "R" in came[-1].flags:
        yield "the RST has timestamps", came[-1].options.timestamps is not None
        yield "the RST has a window", came[-1].window > 0
    c.end()


@probe("RFC 9293, 3.6", family="46", seconds=3)
def close_at_once(host):
    c = host.open("closes")
    yield "FIN", c.told(c.answers())
    c.send(".")
    c.listen(0.1)
    c.send("P.", b"x")
    came = c.answers()
    yield "data then", c.told(came, window=True)
    c.end()


@probe("RFC 9293, 3.6: case 3", family="46", seconds=3)
def both_close(host):
    c = host.open("closes")
    c.listen(0.1)
    c.send("F.", ack=-1)
    yield "our FIN does not know of theirs", c.told(c.answers()[:1])
    c.send(".")
    yield "it does now", c.told(c.answers())
    c.send("F.", seq=-1)
    yield "our FIN again", c.told(c.answers())
    c.end()


@probe("RFC 9293, 3.6: half-close", family="46", seconds=2)
def half_closed(host):
    c = host.open("half")
    yield "FIN", c.told(c.answers(0.1))
    c.send(".")
    for number in (1, 2):
        c.send("P.", b"x" * 10)
        yield f"data {number}", c.told(c.answers()[:1])
    c.send("F.")
    yield "our FIN", c.told(c.answers())
    c.end()


@probe("RFC 9293, 3.8.1; Linux: orphans", seconds=9)
def fin_again(host):
    c = host.open("closes")
    first = c.take(QUIET)
    yield "of a socket that nobody has any more", Times(
        [s.at - first.at for s in c.listen(5, follow=False)], 5)
    c.end()
    c = host.open("echo")
    c.send("F.")
    came = [s for s in c.answers(0.1) if "F" in s.flags]
    yield "of LAST-ACK", Times(
        [s.at - came[0].at for s in c.listen(2) if "F" in s.flags], 2)
    c.end()


@probe("RFC 9293, 3.8.3: R2; Linux: tcp_orphan_retries", seconds=14)
def orphan_given_up(host):
    """Both are told to try again a few times only."""
    c = host.open("brief-closes")
    first = c.take(QUIET)
    came = c.listen(11, follow=False)
    yield "FIN", Times([s.at - first.at for s in came], 11)
    c.send(".")
    yield "an ACK when all is given up", [s.flags for s in c.answers()]
    c.end()


@probe("RFC 9293, 3.10.7.4: second check; RFC 5961, 3", family="46", seconds=9)
def rst(host):
    edge = host.open("discard")
    window = edge.syn_ack.window
    edge.end()
    for name, seq in (("exact", 0), ("in the window", 1), ("far in the window", 1000),
                      ("last of the window", window - 1), ("beyond", 2000000), ("old", -1),
                      ("far too old", -100)):
        c = host.open("discard")
        c.send("R", seq=seq, options=b"")
        yield name, c.told(c.answers())
        c.send("P.", b"alive?")
        yield f"{name}, then data", c.told(c.answers())
        c.end()
    for name, flags, fields in (
            ("with a wrong ACK", "R.", {"ack": 5}), ("with data", "R", {"data": b"zzz"}),
            ("SYN,RST", "SR", {}), ("RST,FIN", "RF", {}),
            ("with an old timestamp", "R", {"options": 2 * p.NOP + p.timestamps(1, 0)})):
        c = host.open("discard")
        c.send(flags, keep=True, **{"options": b"", **fields})
        yield name, c.told(c.answers())
        c.send("P.", b"alive?")
        yield f"{name}, then data", c.told(c.answers())
        c.end()


@probe("RFC 5961, 3; Linux: tcp_reset_check", family="46", seconds=3)
def rst_of_those_who_know_less(host):
    c = host.open("discard")
    c.send(".", b"x" * 100, seq=200)
    c.listen(0.05)
    c.send("R", seq=300, options=b"")
    yield "at the right edge of what was SACKed", c.told(c.answers())
    c.send("P.", b"y" * 200, seq=0)
    yield "at the right edge of what was SACKed, then data", c.told(c.answers())
    c.end()
    c = host.open("echo-keep")
    c.send("F.")
    c.listen(0.2)
    c.send("R", seq=-1, options=b"")
    yield "CLOSE-WAIT, at the FIN", c.told(c.answers())
    c.send(".", seq=-1)
    yield "CLOSE-WAIT, at the FIN, then a keepalive", c.told(c.answers())
    c.end()


@probe("RFC 5961, 4", family="46", seconds=8)
def syn_on_a_connection(host):
    for name, seq in (("exact", 0), ("in the window", 1000), ("beyond", 200000),
                      ("our own again", -1), ("old", -5000)):
        c = host.open("discard")
        c.send("S", seq=seq, options=p.mss(host.mss))
        yield name, c.told(c.answers())
        c.send("P.", b"x")
        yield f"{name}, then data", c.told(c.answers())
        c.end()
    c = host.open("discard")
    c.send("S.", seq=-1, options=p.mss(host.mss))
    yield "SYN-ACK", c.told(c.answers())
    c.end()
