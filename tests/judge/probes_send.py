"""What a host sends, how much at once, and when it sends it again (RFC 9293, 3.8)."""

import packets as p
from registry import probe
from prober import Times

REQUEST = b"GET / HTTP/1.1\r\n\r\n"


def flight(c, port_request=REQUEST):
    """The data segments of the first flight of a long answer."""
    c.send("P.", port_request)
    return c.burst()


def where(c, segments):
    """Which segments, by their place in the stream."""
    return [(c.relative(s.seq, c.peer_isn), len(s.data)) for s in segments if s.data]


def moments(segments, since, watched):
    return Times([s.at - since for s in segments], watched)


@probe("RFC 6691; RFC 9293, 3.7.1: MUST-15, 16", family="46", seconds=4)
def segment_sizes(host):
    for name, options in {
            "no MSS": b"", "MSS 0": p.mss(0), "MSS 1": p.mss(1), "MSS 100": p.mss(100),
            "MSS 536": p.mss(536), "MSS of the link": p.mss(host.mss), "MSS 9000": p.mss(9000),
            "no MSS, timestamps": p.NOP * 2 + p.timestamps(9, 0),
            "MSS 536, timestamps": p.mss(536) + p.NOP * 2 + p.timestamps(9, 0)}.items():
        c = host.open("big", options=options)
        yield name, len(flight(c)[0].data)
        c.end()


@probe("RFC 6928; RFC 5681, 3.1", family="46", seconds=3)
def slow_start(host):
    c = host.open("big", path=0.05)
    rounds, data = [], flight(c)
    for _ in range(3):
        rounds.append(len(data))
        for segment in data[1::2]:
            c.send(".", ack=segment.end - c.expected)
        data = c.burst()
    yield "segments in each round", rounds
    c.end()


@probe("RFC 9293, 3.9.1: PSH", seconds=2)
def push(host):
    c = host.open("big")
    data = flight(c)
    yield "first flight", " ".join(s.flags for s in data[:10])
    c.end()


@probe("RFC 6298; RFC 8985, 7: tail loss probe", family="46", seconds=7)
def data_again(host):
    """An answer that nobody acknowledges, for six seconds."""
    c = host.open("echo")
    c.send("P.", b"hello", ack=0)
    first = c.first_data()
    again = c.listen(6)
    yield "a single segment", moments(again, first.at, 6)
    yield "the same bytes", {(len(s.data), c.relative(s.seq, c.peer_isn)) for s in again}
    c.end()


@probe("RFC 6298; RFC 8985, 7", seconds=5)
def flight_again(host):
    c = host.open("big")
    data = flight(c)
    again = c.listen(4)
    yield "of ten segments", [c.relative(s.seq, c.peer_isn) for s in again if s.data]
    yield "when", moments([s for s in again if s.data], data[-1].at, 4)
    c.end()


@probe("RFC 9293, 3.8.3: R2; RFC 1122, 4.2.3.5", family="46", seconds=14)
def data_given_up(host):
    """Both are told to try again a few times only."""
    c = host.open("brief")
    c.send("P.", b"hello")
    first = c.first_data()
    again = c.listen(11)
    yield "sent again", moments(again, first.at, 11)
    c.send(".", ack=5)
    yield "an ACK when all is given up", [s.flags for s in c.answers()]
    c.end()


@probe("RFC 6298, 2", seconds=5)
def timeout_of_a_measured_path(host):
    c = host.conversation("echo")
    c.handshake(acknowledge=False)
    c.listen(0.1)
    c.send(".")
    for _ in range(3):
        c.send("P.", b"x")
        c.listen(0.1)
        c.send(".")
    c.send("P.", b"hello")
    first = c.first_data()
    yield "round trips of 100 ms", moments(c.listen(3), first.at, 3)
    c.end()


def acknowledge_with_sack(c, *blocks):
    c.send(".", options=c.stamps() + 2 * p.NOP + p.sack(*blocks), ack=c.lost - c.expected)


@probe("RFC 6675; RFC 8985", family="46", seconds=3)
def fast_retransmit(host):
    c = host.open("big")
    data = flight(c)
    c.lost = data[0].seq
    for count in (1, 2, 3, 4):
        acknowledge_with_sack(c, (data[1].seq, data[count].end))
        came = [s for s in c.listen(0.02, follow=False) if s.data]
        yield f"the first lost, {count} behind it arrived", where(c, came)
    c.end()


@probe("RFC 8985: RACK", seconds=3)
def reordering_window(host):
    c = host.open("big")
    data = flight(c)
    c.lost = data[0].seq
    began = data[-1].at
    acknowledge_with_sack(c, (data[1].seq, data[2].end))
    came = [s for s in c.listen(0.15, follow=False) if s.seq == c.lost]
    yield "the first lost, two behind it arrived: sent again soon", bool(came)
    c.end()
    c = host.open("three")
    data = c.data(0.1)
    c.lost = data[0].seq
    acknowledge_with_sack(c, (data[1].seq, data[-1].end))
    came = [s for s in c.listen(0.15, follow=False) if s.seq == c.lost]
    yield "the first of three lost: sent again soon", bool(came)
    c.end()


@probe("RFC 6582; RFC 5681, 3.2", seconds=3)
def duplicate_acks(host):
    """To Linux the first ACK behind a request moves the window, the next ones are duplicates."""
    for lost in (0, 1):
        c = host.open("big", options=p.mss(host.mss))
        data = flight(c)
        for count in range(0 if lost else 1, 5 + lost):
            c.send(".", ack=data[lost].seq - c.expected)
            came = [s for s in c.listen(0.03, follow=False) if s.data]
            yield (f"segment {lost + 1} lost, duplicate {count}" if count else "one acknowledged",
                   where(c, came))
        c.end()


@probe("RFC 896; RFC 9293, 3.7.4", seconds=3)
def nagle(host):
    c = host.open("echo")
    at = c.expected
    sizes = []
    for number in range(5):
        c.send("P.", b"%d" % number * 3, ack=at - c.expected)
        sizes += [len(s.data) for s in c.listen(0.02) if s.data]
    yield "five small answers, none acknowledged", sizes
    c.send(".")
    yield "then acknowledged", [len(s.data) for s in c.data(0.1)]
    c.end()


@probe("RFC 9293, 3.8.6.1", family="46", seconds=6)
def zero_window(host):
    c = host.open("three", window=0)
    came = c.listen(4)
    yield "probes", Times([s.at - c.syn_ack.at for s in came], 4)
    yield "what they are", sorted({(s.flags, c.relative(s.seq, c.peer_isn), len(s.data))
                                   for s in came})
    c.send(".", window=512)  # with a scale of 7
    yield "the window opens", [len(s.data) for s in c.data(0.1)]
    c.end()


@probe("RFC 9293, 3.8.6.2.1: SWS", seconds=3)
def silly_windows(host):
    for window in (1, 4, 8, 10):
        c = host.conversation("three", window=window)
        c.handshake(window=window << 7)
        came = c.data()
        yield f"window {window << 7}", [len(s.data) for s in came]
        c.end()


@probe("RFC 9293, 3.8.6: SHLD-15, 16", seconds=4)
def a_window_that_shrinks(host):
    c = host.open("big")
    data = flight(c)
    c.send(".", ack=data[1].end - c.expected, window=2)
    came = [s for s in c.listen(1, follow=False) if s.data]
    yield "first sent again", where(c, came)[:1]
    yield "none goes beyond 256 bytes", all(s.end - data[1].end & 0xffffffff <= 256 for s in came)
    c.end()


@probe("RFC 2883; RFC 3708; RFC 8985, 7.4", seconds=3)
def needless(host):
    """A retransmission that the receiver says was none is taken back."""
    c = host.open("big")
    data = flight(c)
    again = [s for s in c.listen(0.5, follow=False) if s.data]
    yield "something was sent again", bool(again)
    last = data[-1].end
    c.send(".", ack=last - c.expected, options=c.stamps() + 2 * p.NOP
           + p.sack((again[0].seq, again[0].end)))
    yield "segments after the DSACK", len(c.data(0.1))
    c.end()
