"""A host that exists on the wire only: raw frames out, conversations in. Nothing of this machine's
TCP has a part in it, so that it can say what no stack would."""

import collections
import itertools
import queue
import random
import socket
import struct
import threading
import time

import packets as p
import services

OWN4, OWN6 = "10.8.0.1", "fd00:8::1"
# Addresses that each of a few probes has for itself, see `with_own_path`.
FRESH = {4: [f"10.8.0.{n}" for n in range(100, 150)],
         6: [f"fd00:8::{n:x}" for n in range(256, 306)]}
SO_RCVBUFFORCE, SO_TIMESTAMPNS = 33, 35
QUIET = 0.35  # the most that an answer at once takes
ANSWERED = 0.15  # later than a delayed ACK (40 ms), sooner than a retransmission (200 ms)


class Line:
    """The interface of the prober, and who waits for what on it."""

    def __init__(self, interface, mac):
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        # Force is for root of the machine; in a user namespace the ordinary maximum has to do.
        for option in (socket.SO_RCVBUF, SO_RCVBUFFORCE):
            try:
                self.socket.setsockopt(socket.SOL_SOCKET, option, 64 << 20)
            except PermissionError:
                pass
        self.socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.socket.bind((interface, 0))
        self.own_mac, self.mac = self.socket.getsockname()[4], mac
        self.conversations = {}
        self.strangers = collections.defaultdict(queue.Queue)  # by port of the prober
        self.icmp = collections.defaultdict(queue.Queue)  # by address
        self.fresh = {family: iter(FRESH[family]) for family in FRESH}
        self.far_client = None  # the other one on the same line
        self.ports = itertools.count(random.randint(20000, 24000))
        threading.Thread(target=self._listen, daemon=True).start()

    def send(self, packet):
        kind = b"\x86\xdd" if packet[0] >> 4 == 6 else b"\x08\0"
        self.socket.send(self.mac + self.own_mac + kind + packet)

    def _listen(self):
        while True:
            try:
                frame, extra, _, where = self.socket.recvmsg(70000, 64)
            except OSError:  # ENETDOWN, before it is up
                continue
            if where[2] == socket.PACKET_OUTGOING or frame[:6] != self.own_mac:
                continue
            at = time.time()
            for level, kind, value in extra:
                if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS:
                    seconds, nanoseconds = struct.unpack("ll", value)
                    at = seconds + nanoseconds / 1e9
            packet = p.read_ip(frame, at)
            if packet is None:
                continue
            if packet.protocol == p.TCP and len(packet.payload) >= 20:
                segment = p.Segment(packet)
                known = self.conversations.get((packet.source, segment.source,
                                                segment.destination))
                (self.strangers[segment.destination] if known is None else known).put(segment)
            elif packet.protocol in (p.ICMP, p.ICMPV6):
                self.icmp[packet.source].put(packet)


class Times:
    """When something was sent again, in seconds since the first time. Equal to others of the same
    shape: a busy machine measures a longer round trip, and with it every timeout is longer."""

    def __init__(self, values, watched):
        self.values, self.watched = [round(v, 3) for v in values], watched

    def __eq__(self, other):
        if not isinstance(other, Times):
            return False
        shorter, longer = sorted((self.values, other.values), key=len)
        if not shorter:
            return not longer
        # What comes near the end of the watch, or behind it.
        if any(late < 0.75 * self.watched for late in longer[len(shorter):]):
            return False
        a, b = self.values[0], other.values[0]
        return max(a, b) < 1.6 * min(a, b) and all(
            abs(x / a - y / b) <= 0.15 * x / a for x, y in zip(self.values, other.values))

    def __str__(self):
        return "at " + " ".join(f"{v:.2f}" for v in self.values) + " s" if self.values else "never"


class Host:
    """One of the two that are compared."""

    def __init__(self, line, name, v4, v6):
        self.line, self.name, self.v4, self.v6 = line, name, v4, v6

    def at(self, family):
        host = Host(self.line, self.name, self.v4, self.v6)
        host.address = p.packed(self.v6 if family == 6 else self.v4)
        host.own = p.packed(OWN6 if family == 6 else OWN4)
        host.family = family
        host.mss = 1440 if family == 6 else 1460
        return host

    def with_own_path(self):
        """The same, seen from an address of which nobody knows the path's MTU yet."""
        host = self.at(self.family)
        host.own = p.packed(next(self.line.fresh[self.family]))
        return host

    def conversation(self, port, **how):
        return Conversation(self, port, **how)

    def open(self, port, *, path=0.0, **how):
        """A conversation past its handshake. `path`: the round trip in seconds that the handshake
        makes the host measure. On one of next to nothing the probe for a lost tail follows the
        flight within two or three milliseconds, and can't be told from it."""
        conversation = Conversation(self, port, **how)
        if conversation.handshake(acknowledge=path == 0.0) is not None and path > 0.0:
            conversation.listen(path)
            conversation.send(".")
        return conversation

    def send(self, protocol, payload, **fields):
        self.line.send(p.ip_packet(self.own, self.address, protocol, payload, **fields))

    def icmp_answers(self, wait=QUIET):
        """Types and codes of what came within the time; not what IPv6 neighbours ask each other."""
        time.sleep(wait)
        found, came = [], self.line.icmp[self.address]
        while not came.empty():
            payload = came.get().payload
            if self.family == 4 or payload[0] not in range(130, 138):
                found.append((payload[0], payload[1], len(payload)))
        return found


class Conversation:
    """The prober's side of one connection: it keeps numbers, and nothing else by itself."""

    def __init__(self, host, port, *, own_port=None, isn=None, window=65535, options=None):
        self.host, self.port = host, services.port(port)
        self.own_port = next(host.line.ports) if own_port is None else own_port
        self.isn = random.getrandbits(32) if isn is None else isn
        self.next, self.window, self.options = self.isn, window, options
        self.peer_isn, self.expected = None, 0
        self.stamped, self.peer_stamp, self.scale, self.clock = False, 0, 0, random.getrandbits(31)
        self.syn_ack, self.began = None, time.time()
        self.came = host.line.conversations[host.address, self.port, self.own_port] = queue.Queue()

    # what is sent --------------------------------------------------------------------------------

    def stamp(self):
        return self.clock + int((time.time() - self.began) * 1000) & 0xffffffff

    def stamps(self, ago=0):
        """The option of an ordinary segment, or one that is so many milliseconds old."""
        return 2 * p.NOP + p.timestamps(self.stamp() - ago, self.peer_stamp)

    def syn_options(self):
        """What Linux offers."""
        return p.mss(self.host.mss) + p.SACK_PERMITTED + p.timestamps(self.stamp(), 0) + p.NOP \
            + p.window_scale(7)

    def raw(self, flags, data=b"", *, seq=None, ack=None, options=None, window=None, **fields):
        """The bytes of a segment, by default the one that follows; numbers are relative to it."""
        if options is None:
            options = self.stamps() if self.stamped else b""
        number = self.expected + (ack or 0) if "." in flags or ack is not None else 0
        return p.tcp_segment(self.host.own, self.host.address, (self.own_port, self.port),
                             self.next + (seq or 0), number, flags,
                             self.window if window is None else window, data, options=options,
                             **fields)

    def send(self, flags, data=b"", *, seq=None, keep=False, ip=None, **fields):
        """Its numbers are the next ones, plus `seq` and `ack`. `keep`: the numbers stay as if it
        had never been sent, and so they do where `seq` is given."""
        self.host.send(p.TCP, self.raw(flags, data, seq=seq, **fields), **(ip or {}))
        if seq is None and not keep:
            self.next = self.next + len(data) + ("S" in flags) + ("F" in flags) & 0xffffffff
        return time.time()

    # what comes ----------------------------------------------------------------------------------

    def take(self, wait, follow=True):
        """The next segment within the time, or None."""
        try:
            segment = self.came.get(timeout=wait) if wait > 0 else self.came.get_nowait()
        except queue.Empty:
            return None
        if segment.options.timestamps:
            self.peer_stamp = segment.options.timestamps[0]
        if "S" in segment.flags and self.peer_isn is None:
            self.peer_isn, self.expected = segment.seq, segment.end
        elif follow and segment.seq == self.expected and "R" not in segment.flags:
            self.expected = segment.end
        return segment

    def listen(self, seconds, follow=True):
        """Everything that comes within the time."""
        end, all_of_it = time.monotonic() + seconds, []
        while (left := end - time.monotonic()) > 0:
            segment = self.take(left, follow)
            if segment is not None:
                all_of_it.append(segment)
        return all_of_it

    def answers(self, seconds=ANSWERED):
        """What comes within that time; what is sent again is left out."""
        first, known = [], set()
        for segment in self.listen(seconds):
            key = (segment.seq, segment.length)
            if segment.length == 0 or key not in known:
                first.append(segment)
            known.add(key)
        return first

    def data(self, seconds=ANSWERED):
        """The segments with data among them, each once."""
        return list({s.seq: s for s in self.listen(seconds) if s.data}.values())

    def text(self):
        """What a service answers; to start one takes a while on a busy machine."""
        first = self.first_data(0.6)
        return b"".join(s.data for s in [first, *self.data(0.1)]) if first else b""

    def first_data(self, wait=QUIET):
        """Waits for it; an ACK may be on its way before it."""
        while (segment := self.take(wait)) is not None and not segment.data:
            pass
        return segment

    def burst(self):
        """The data segments that come together."""
        first = self.first_data()
        return [s for s in [first, *self.data(0.05)] if s.at - first.at < 0.005] if first else []

    # handshake and end ---------------------------------------------------------------------------

    def handshake(self, flags="S", acknowledge=True, **fields):
        """Sends the SYN, and what follows from a SYN-ACK; the answer is returned."""
        options = self.syn_options() if self.options is None else self.options
        self.send(flags, options=options, **fields)
        answer = self.take(2)
        if answer is None or "S" not in answer.flags:
            return answer
        self.syn_ack = answer
        self.next = self.isn + 1 & 0xffffffff
        self.stamped = answer.options.timestamps is not None
        self.scale = answer.options.scale or 0
        if acknowledge:
            self.send(".")
        return answer

    def end(self):
        """Nothing is left of it on either side."""
        self.send("R", seq=0, options=b"")
        self.forget()

    def forget(self):
        self.host.line.conversations.pop((self.host.address, self.port, self.own_port), None)

    # words ---------------------------------------------------------------------------------------

    def relative(self, number, base):
        distance = number - base & 0xffffffff
        return distance if distance < 1 << 31 else distance - (1 << 32)

    def describe(self, segment, window=False):
        """`[S.] seq 0 ack 1 <mss 1460,sackOK>`: numbers count from the initial ones."""
        if segment is None:
            return "silence"
        words = [f"[{segment.flags}] seq "
                 f"{self.relative(segment.seq, self.peer_isn or 0) if segment.seq else 0}"]
        if "." in segment.flags or segment.ack:
            words.append(f"ack {self.relative(segment.ack, self.isn)}")
        if window:
            words.append(f"win {segment.window}")
        if segment.data:
            words.append(f"len {len(segment.data)}")
        if segment.urgent:
            words.append(f"urg {segment.urgent}")
        options = [w for w in segment.options.words if w not in ("nop", "sack")]
        options += [f"{self.relative(a, self.isn)}:{self.relative(b, self.isn)}"
                    for a, b in segment.options.sack]
        if options:
            words.append(f"<{','.join(options)}>")
        if not segment.intact:
            words.append("bad checksum")
        return " ".join(words)

    def told(self, segments, **how):
        return " + ".join(self.describe(s, **how) for s in segments) or "silence"
