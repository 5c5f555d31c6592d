"""Packets that are too big for the path: path-mtu-blackhole, frag-needed, frag-needed-lies,
fragmented."""

import struct

from harness import HOST, PEER6, test


@test
def path_mtu_blackhole_stalls_big_segments_only(t):
    run = t.passed(t.run("path-mtu-blackhole", t.probe(
        "nodelay", "connect", "send=1000", "sleep=100ms", "queues", "send=5000", "sleep=1500ms",
        "queues", "info"), sysctls=t.sysctls_for(tcp_mtu_probing=0)))
    before, after = run.calls("queues")
    t.equal(before.send_q, 0, "the send queue after small segments")
    t.check(after.send_q > 0, "the send queue after big ones")
    dropped = run.received("data", fate="dropped")
    t.equal({s.len for s in dropped}, {1448}, "sizes of the lost segments")
    t.check(run.call("TCP_INFO").total_retrans >= 3, "retransmissions, as large as before")


@test
def path_mtu_blackhole_and_mtu_probing(t):
    run = t.passed(t.run("path-mtu-blackhole", t.probe(
        "connect", "send=5000", "sleep=4s", "queues", "info"),
        sysctls=t.sysctls_for(tcp_mtu_probing=1, tcp_retries1=2)))
    t.equal(run.call("queues").send_q, 0, "the send queue in the end")
    base = t.kernel.number("tcp_base_mss", 1024)
    t.check(run.call("TCP_INFO").snd_mss <= base, f"the segment size is {run.call('TCP_INFO').snd_mss}")
    t.check(run.received("data", fate="dropped"), "big segments have to be lost first")


@test
def frag_needed(t):
    run = t.passed(t.run("frag-needed", t.probe("connect", "send=20000", "sleep=500ms", "queues",
                                                "info")))
    t.equal(run.call("queues").send_q, 0, "the send queue")
    t.equal(run.call("TCP_INFO").snd_mss, 1200 - 52, "the segment size afterwards")
    taken = run.received("data", fate="accepted")
    t.equal(max(s.len for s in taken), 1200 - 52, "the largest segment that passes")
    t.soon(run, 2, "it has to go without waiting for time-outs")


@test
def frag_needed_in_ipv6(t):
    run = t.passed(t.run("frag-needed", t.probe("connect", "send=20000", "sleep=500ms", "queues",
                                                "info", address=PEER6), sets={"mtu": 1300}))
    t.equal(run.call("queues").send_q, 0, "the send queue")
    t.equal(run.call("TCP_INFO").snd_mss, 1300 - 72, "the segment size afterwards")


@test
def frag_needed_lies(t):
    run = t.passed(t.run("frag-needed-lies", t.probe("connect", "send=5000", "sleep=600ms", "queues",
                                                     "info")))
    t.equal(run.call("queues").send_q, 0, "the send queue")
    t.equal(run.call("TCP_INFO").snd_mss, 552 - 52, "the segment size: never for an MTU of 68")


def fragments_in(capture):
    """The IPv4 fragments of a capture: with an offset, or with more to come."""
    at, found = 24, []
    while at < len(capture):
        length = struct.unpack("<I", capture[at + 8:at + 12])[0]
        packet = capture[at + 16:at + 16 + length]
        if packet[0] >> 4 == 4 and struct.unpack("!H", packet[6:8])[0] & 0x3FFF:
            found.append(packet)
        at += 16 + length
    return found


@test
def fragmented(t):
    t.need("curl")
    pcap = t.path("run.pcap")
    run = t.passed(t.run("fragmented", ["curl", "-sS", f"http://{HOST}:8080/"],
                         options=["--pcap", pcap]))
    t.equal(run.text, "ok\n", "body")
    t.equal(len(run.received("rst")), 0, "RSTs from the program")
    whole = run.sent("data")[0]
    t.equal((whole.changes, whole.fragment), (["fragment"], 64), "what became of the answer")
    with open(pcap, "rb") as file:
        capture = file.read()
    t.equal(len(fragments_in(capture)), -(-(whole.len + 32) // 64), "packets of that segment")


@test
def a_router_speaks_of_the_peers_own_segments(t):
    """The program plays the router, which needs a raw socket; its kernel's ACKs do not come
    through, so that what the ICMP error quotes is outstanding."""
    profile = t.profile("""
        summary: two full segments, whose acknowledgements are lost at first
        service: {source: {bytes: 2896}}
        rules:
          - {on: receive ack, first: 6, do: drop}
    """)
    code = """
        import socket, struct, sys
        def checksum(data):
            total = sum(struct.unpack(f"!{len(data) // 2}H", data + b"\\0" * (len(data) % 2)))
            while total >> 16:
                total = (total & 0xffff) + (total >> 16)
            return ~total & 0xffff
        try:
            seen = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)
            icmp = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
        except PermissionError:
            sys.exit(9)
        s = socket.create_connection(("198.18.0.2", 8080))
        s.sendall(b"x")
        quoted = next(p for p in iter(lambda: seen.recv(65536), b"") if len(p) > 1400)
        error = struct.pack("!BBHHH", 3, 4, 0, 0, 1000) + quoted[:28]
        icmp.sendto(error[:2] + struct.pack("!H", checksum(error)) + error[4:], ("198.18.0.2", 0))
        left = 2896
        while left > 0:
            left -= len(s.recv(left))
        while True:
            again = seen.recv(65536)
            if len(again) == 1000:
                break
    """
    run = t.run(profile, t.python(code))
    if run.events("exit")[0].status == 9:
        t.skip("sending raw packets needs root")
    t.passed(run)
    again = [s.len for s in run.sent("data", retransmission=True)]
    t.check(948 in again, f"sizes of what was sent again: {again}")
    t.contains(run.trace, "may have 1000 bytes at most", "the trace")
