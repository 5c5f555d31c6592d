"""What a peer may leave out of its SYN-ACK, or say strangely there: window-scale-14,
no-window-scale, no-sack, no-timestamps, no-options, tiny-mss, malformed-options."""

from harness import FAMILY, HOST, MSS, NO_MSS, PEER, PEER6, test

TIMESTAMPS, SACK, SCALE = 1, 2, 4  # TCPI_OPT_*


def talked(t, profile, steps=("send-all=20000",), **more):
    """(the run, the SYN-ACK's options, TCP_INFO) of a program that sends and is heard."""
    run = t.passed(t.run(profile, t.probe("connect", *steps, "drain=20s", "info", "queues",
                                          **more.pop("to", {})), **more))
    t.equal(run.call("queues").send_q, 0, "bytes that were not acknowledged")
    return run, run.sent("syn-ack")[0].options or {}, run.call("TCP_INFO")


def largest(run):
    return max(s.len for s in run.received("data"))


@test
def window_scale_14(t):
    run, options, info = talked(t, "window-scale-14", ["send-all=2MiB"])
    t.equal(options["window_scale"], 14, "window scale")
    t.equal(info.options & SCALE, SCALE, "the kernel's view")
    syn_ack, later = run.sent("syn-ack")[0], run.sent("ack")[0]
    t.equal(syn_ack.window, 65535, "the window in the SYN-ACK, which is never scaled")
    t.equal(later.window, 65535 << 14, "the window afterwards")


@test
def no_window_scale(t):
    run, options, info = talked(t, "no-window-scale", ["send-all=500000", "sleep=500ms"])
    t.check("window_scale" not in options, f"options are {options}")
    t.equal(info.options & SCALE, 0, "the kernel's view")
    flight = 0
    acked = 1
    for s in run.segments():
        if s.dir == "out" and s.fate == "sent":
            acked = max(acked, s.ack or 0)
        elif s.kind == "data":
            flight = max(flight, s.seq + s.len - acked)
    t.check(50000 < flight <= 65535, f"{flight} bytes were in flight at most")
    t.check(run.received("ack")[0].window <= 65535, "the program's window")


@test
def no_sack(t):
    run, options, info = talked(t, "no-sack", ["send-all=10000"])
    t.check("sack_permitted" not in options, f"options are {options}")
    t.equal(info.options & SACK, 0, "the kernel's view")
    lost = run.received("data", fate="dropped")[0]
    again = [s for s in run.received("data") if s.retransmission]
    t.equal([s.seq for s in again], [lost.seq], "retransmissions: the one that was lost")
    before = [s for s in run.sent("duplicate-ack") if s.t < again[0].t]
    t.check(len(before) >= 3, f"{len(before)} duplicate ACKs before the fast retransmission")
    t.check(again[0].t - lost.t < 0.15, "it has to come before the RTO")


@test
def no_timestamps(t):
    run, options, info = talked(t, "no-timestamps")
    t.check("timestamps" not in options, f"options are {options}")
    t.equal(info.options & TIMESTAMPS, 0, "the kernel's view")
    t.check(not any("timestamps" in (s.options or {}) for s in run.received()[1:]),
            "the program's segments have no timestamps")
    t.equal((info.snd_mss, largest(run)), (MSS, MSS), "bytes in a segment")


@test
def no_options(t):
    run, options, info = talked(t, "no-options")
    t.equal(options, {}, "options of the SYN-ACK")
    t.equal(info.options & (TIMESTAMPS | SACK | SCALE), 0, "the kernel's view")
    t.equal((info.snd_mss, largest(run)), (NO_MSS, NO_MSS), "bytes in a segment")


@test
def no_options_in_ipv6(t):
    run = t.passed(t.run("no-options", t.probe("connect", "send-all=5000", "sleep=100ms", "info",
                                               address=PEER6)))
    t.equal(run.call("TCP_INFO").snd_mss, 1220, "bytes in a segment")


@test
def tiny_mss(t):
    run, options, info = talked(t, "tiny-mss", ["send-all=1000"])
    t.equal(options["mss"], 1, "the MSS that the peer announces")
    least = t.kernel.number("tcp_min_snd_mss", 48)
    t.equal(info.snd_mss, least - 12, "bytes in a segment, without the timestamps")
    t.equal(largest(run), least - 12, "the largest segment")


@test
def tiny_mss_of_500(t):
    run, _, info = talked(t, "tiny-mss", sets={"mss": 500})
    t.equal((info.snd_mss, largest(run)), (488, 488), "bytes in a segment")


@test
def malformed_options(t):
    run, _, info = talked(t, "malformed-options")
    t.equal(info.options & (TIMESTAMPS | SACK | SCALE), 0, "the kernel's view")
    t.equal((info.snd_mss, largest(run)), (NO_MSS, NO_MSS), "bytes in a segment")


@test
def what_the_peer_skips_is_told(t):
    family = "socket.AF_INET6" if FAMILY == "ipv6" else "socket.AF_INET"
    run = t.passed(t.run("healthy", t.python(f"""
        import socket
        s = socket.socket({family})
        s.setsockopt(socket.IPPROTO_TCP, 30, 1)  # TCP_FASTOPEN_CONNECT: the SYN leaves with data
        s.connect(("{PEER}", 8080))
        s.send(b"GET / HTTP/1.0\\r\\n\\r\\n")
        print(len(s.recv(1000)))
        """), sysctls={"net.ipv4.tcp_fastopen": 1}))
    t.equal(run.received("syn")[0].options.get("skipped"), [34], "what the SYN asks for")
    t.contains(run.trace, ",tfo>", "the trace")
    t.check(all("skipped" not in (s.options or {}) for s in run.sent()), "what the peer sends")


@test
def that_the_peer_skips_multipath_tcp_is_told(t):
    family = "socket.AF_INET6" if FAMILY == "ipv6" else "socket.AF_INET"
    run = t.run("healthy", t.python(f"""
        import socket, sys
        try:
            s = socket.socket({family}, proto=262)  # IPPROTO_MPTCP
        except OSError:
            sys.exit(77)
        s.connect(("{PEER}", 8080))
        s.send(b"GET / HTTP/1.0\\r\\n\\r\\n")
        print(len(s.recv(1000)))
        """))
    if run.status == 77:
        t.skip("this kernel has no Multipath TCP")
    t.passed(run)
    t.equal(run.received("syn")[0].options.get("skipped"), [30], "what an MPTCP socket asks for")
    t.contains(run.trace, "mptcp>", "the trace")
