"""Packets as the prober reads and writes them: IPv4, IPv6, TCP, ICMP, by hand."""

import dataclasses
import socket
import struct

FLAGS = "FSRP.UEWN"  # from bit 0 on, as tcpdump calls them
TCP, ICMP, ICMPV6, FRAGMENT = 6, 1, 58, 44


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def pseudo_header(source, destination, protocol, length):
    if len(source) == 4:
        return source + destination + struct.pack("!BBH", 0, protocol, length)
    return source + destination + struct.pack("!IHBB", length, 0, 0, protocol)


# options -----------------------------------------------------------------------------------------

SACK_PERMITTED = b"\x04\x02"
NOP = b"\x01"


def mss(value):
    return struct.pack("!BBH", 2, 4, value)


def window_scale(shift):
    return bytes([3, 3, shift])


def timestamps(value, echo):
    return struct.pack("!BBII", 8, 10, value & 0xffffffff, echo & 0xffffffff)


def sack(*blocks):
    body = b"".join(struct.pack("!II", a & 0xffffffff, b & 0xffffffff) for a, b in blocks)
    return bytes([5, 2 + len(body)]) + body


class Options:
    def __init__(self, area):
        self.words, self.mss, self.scale, self.timestamps, self.sack = [], None, None, None, []
        at = 0
        while at < len(area):
            kind = area[at]
            if kind in (0, 1):
                self.words.append(("eol", "nop")[kind])
                at += 1
                if kind == 0:
                    break
                continue
            if at + 1 >= len(area) or not 2 <= area[at + 1] <= len(area) - at:
                self.words.append("malformed")
                break
            self._read(kind, area[at + 2:at + area[at + 1]])
            at += area[at + 1]

    def _read(self, kind, value):
        if kind == 2 and len(value) == 2:
            self.mss = struct.unpack("!H", value)[0]
            self.words.append(f"mss {self.mss}")
        elif kind == 3 and len(value) == 1:
            self.scale = value[0]
            self.words.append(f"wscale {self.scale}")
        elif kind == 4:
            self.words.append("sackOK")
        elif kind == 5:
            self.sack = [struct.unpack_from("!II", value, i) for i in range(0, len(value), 8)]
            self.words.append("sack")
        elif kind == 8 and len(value) == 8:
            self.timestamps = struct.unpack("!II", value)
            self.words.append("TS")
        else:
            self.words.append(f"option {kind}")


# packets that came -------------------------------------------------------------------------------

@dataclasses.dataclass
class Packet:
    at: float  # the kernel's time of its arrival
    source: bytes
    destination: bytes
    protocol: int
    ttl: int
    tos: int
    ident: int  # IPv4: identification; IPv6: flow label
    dont_fragment: bool
    payload: bytes


def read_ip(frame, at):
    kind = frame[12:14]
    if kind == b"\x08\0":
        size = (frame[14] & 15) * 4
        total, ident, fragment = struct.unpack("!HHH", frame[16:22])
        return Packet(at, frame[26:30], frame[30:34], frame[23], frame[22], frame[15], ident,
                      bool(fragment & 0x4000), frame[14 + size:14 + total])
    if kind == b"\x86\xdd":
        word, length, protocol, ttl = struct.unpack("!IHBB", frame[14:22])
        return Packet(at, frame[22:38], frame[38:54], protocol, ttl, word >> 20 & 255,
                      word & 0xfffff, True, frame[54:54 + length])
    return None


class Segment:
    def __init__(self, packet):
        self.packet, self.at, raw = packet, packet.at, packet.payload
        (self.source, self.destination, self.seq, self.ack, offset, self.window, _,
         self.urgent) = struct.unpack("!HHIIHHHH", raw[:20])
        self.flags = "".join(c for i, c in enumerate(FLAGS) if offset >> i & 1) or "-"
        self.reserved = offset >> 9 & 7
        self.options = Options(raw[20:(offset >> 12) * 4])
        self.data = raw[(offset >> 12) * 4:]
        self.intact = checksum(pseudo_header(packet.source, packet.destination, TCP, len(raw))
                               + raw) == 0

    @property
    def length(self):
        return len(self.data) + ("S" in self.flags) + ("F" in self.flags)

    @property
    def end(self):
        return self.seq + self.length & 0xffffffff

    @property
    def mark(self):
        """Whether the IPv4 identification or the IPv6 flow label is there at all."""
        return "marked" if self.packet.ident else "unmarked"


# packets that are sent ---------------------------------------------------------------------------

def ip_packet(source, destination, protocol, payload, *, ttl=64, tos=0, ident=1, fragment=0x4000,
              options=b""):
    if len(source) == 16:
        return struct.pack("!IHBB", 6 << 28 | tos << 20, len(payload), protocol, ttl) + source \
            + destination + payload
    head = struct.pack("!BBHHHBBH", 0x45 + len(options) // 4, tos,
                       20 + len(options) + len(payload), ident, fragment, ttl, protocol, 0) \
        + source + destination + options
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


def tcp_segment(source, destination, ports, seq, ack, flags, window=65535, data=b"", *, options=b"",
                urgent=0, reserved=0, offset=None, spoil=None):
    """`offset`: the header's words, where they are to be wrong. `spoil`: does so to the checksum."""
    bits = sum(1 << FLAGS.index(c) for c in flags)
    options += b"\0" * (-len(options) % 4)
    words = 5 + len(options) // 4 if offset is None else offset
    raw = struct.pack("!HHIIHHHH", *ports, seq & 0xffffffff, ack & 0xffffffff,
                      words << 12 | reserved << 9 | bits, window, 0, urgent) + options + data
    value = checksum(pseudo_header(source, destination, TCP, len(raw)) + raw)
    value = spoil(value) if spoil else value
    return raw[:16] + struct.pack("!H", value) + raw[18:]


def icmp(source, destination, kind, code, rest, quoted):
    """An ICMP or ICMPv6 message; `rest`: the four bytes behind the checksum."""
    raw = struct.pack("!BBHI", kind, code, 0, rest) + quoted
    head = pseudo_header(source, destination, ICMPV6, len(raw)) if len(source) == 16 else b""
    return raw[:2] + struct.pack("!H", checksum(head + raw)) + raw[4:]


def packed(address):
    return socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)
