"""Segments that no honest peer sends, and what the kernel makes of them: blind resets, numbers that
cannot be, options that lie. The wire and the program are looked at in each. test_forged tries the
kernel with single segments; these are the profiles of the catalogue."""

from harness import HOST, PEER, brief
from schedule import kernel_version


def answers(run, forged, kinds=("ack",)):
    """What the program sent between a forged segment and its own close."""
    after = [s for s in run.received() if s.t >= forged.t and s.kind != "fin"]
    fins = run.received("fin")
    return [s for s in after if s.kind in kinds and (not fins or s.t < fins[0].t)]


def forged(run, **fields):
    """The first segment that a rule has made."""
    made = [s for s in run.sent(**fields) if s.rule]
    if not made:
        raise AssertionError("no forged segment left")
    return made[0]


def survives(t, profile, *steps, **more):
    """A run of a program that goes on after the forged segment as if nothing had happened."""
    steps = steps or ("connect", "sleep=500ms", "send=10", "sleep=150ms", "queues", "so_error",
                      "close")
    run = t.passed(t.run(profile, t.probe(*steps), **more))
    t.equal(run.call("SO_ERROR").error, "0", "the socket's error")
    t.equal(run.call("queues").send_q, 0, "the send queue")
    t.equal([s for s in run.received("rst")], [], "RSTs from the program")
    return run


def challenged(t, run):
    rst = forged(run)
    answered = answers(run, rst)
    t.equal([(s.len, s.ack) for s in answered][:1], [(0, 1)], "the challenge ACK")


def unanswered(t, run):
    t.equal(answers(run, forged(run)), [], "answers")


@brief
def reset_in_window(t):
    challenged(t, survives(t, "reset-in-window"))


@brief
def reset_at_window_edge(t):
    run = survives(t, "reset-at-window-edge")
    challenged(t, run)
    window = run.received("ack")[0].window
    t.equal(forged(run).seq, window, "the last number of the window")


@brief
def reset_beyond_the_edge(t):
    # tcp_sequence() takes the number right after the window for one that lies in it.
    challenged(t, survives(t, "reset-at-window-edge", sets={"seq": "snd.nxt+snd.wnd"}))
    unanswered(t, survives(t, "reset-at-window-edge", sets={"seq": "snd.nxt+snd.wnd+1"}))


@brief
def reset_outside_window(t):
    unanswered(t, survives(t, "reset-outside-window"))


@brief
def reset_in_window_of_fin_wait(t):
    # The program has finished: it is in FIN-WAIT-2 when the peer is in CLOSE-WAIT.
    profile = t.profile("""
        summary: Stays in CLOSE-WAIT.
        extends: reset-in-window
        after_eof: keep-open
    """)
    for seq, count in (("snd.nxt+1000", 1), ("snd.nxt+snd.wnd+1", 0), ("snd.nxt-1", 0)):
        run = t.passed(t.run(profile, t.probe("connect", "shutdown", "sleep=500ms", "info",
                                              "so_error"),
                             sets={"at": "enter close-wait", "seq": seq}))
        t.equal(run.call("TCP_INFO").state, "FIN-WAIT-2", f"the state after RST at {seq}")
        t.equal(len([s for s in run.received() if s.t >= forged(run).t]), count,
                f"segments after RST at {seq}")


@brief
def reset_around_the_number_of_close_wait(t):
    # tcp_reset_check(): after the peer's FIN, the number before RCV.NXT is good enough.
    profile = t.profile("""
        summary: Finishes, then resets.
        extends: reset-in-window
        rules:
          - {on: enter established, do: shutdown}
    """)
    for seq, error in (("snd.nxt-1", "ECONNRESET EPIPE"), ("snd.nxt-2", "0"),
                       ("snd.nxt+1000", "0")):
        run = t.passed(t.run(profile, t.probe("connect", "sleep=500ms", "so_error"),
                             sets={"at": "enter fin-wait-2", "seq": seq}))
        t.check(run.call("SO_ERROR").error in error.split(),
                f"the error after RST at {seq} is {run.call('SO_ERROR').error}, expected {error}")


@brief
def reset_wrong_ack_to_syn(t):
    run = t.passed(t.run("reset-wrong-ack-to-syn", t.probe("connect", "so_error")))
    t.result(run.call("connect"), 0)
    t.equal(run.call("SO_ERROR").error, "0", "the socket's error")
    t.check(len(run.sent("rst")) >= 2, "RSTs that left")
    syns = run.received("syn")
    t.check(len(syns) >= 2 and syns[1].t - syns[0].t < 0.05, "the SYN has to come again at once")
    t.equal(run.received("rst"), [], "RSTs from the program")


@brief
def synack_wrong_ack(t):
    run = t.passed(t.run("synack-wrong-ack", t.probe("connect", "so_error")))
    t.result(run.call("connect"), 0)
    t.near(run.call("connect").took, 1.0, "the time of connect()")
    bad, rst = run.sent("syn-ack")[0], run.received("rst")[0]
    t.equal((bad.fate, bad.ack), ("edited", 1001), "the SYN-ACK")
    t.equal((rst.flags, rst.seq), ("R", 1001), "the program's answer")


@brief
def syn_in_established(t):
    challenged(t, survives(t, "syn-in-established"))


@brief
def syn_in_established_far_away(t):
    challenged(t, survives(t, "syn-in-established", sets={"seq": "snd.nxt+1000000000"}))


@brief
def ack_of_unsent(t):
    run = survives(t, "ack-of-unsent", "connect", "send=10", "sleep=500ms", "poll=in,50ms", "info",
                   "queues", "so_error", "close")
    t.result(run.call("poll"), 0)
    t.equal(run.call("TCP_INFO").bytes_acked, 11, "bytes that count as acknowledged, SYN included")
    answered = [(s.seq, s.ack) for s in answers(run, forged(run))]
    if kernel_version() >= (6, 18):
        t.equal(answered, [(11, 1)], "answers: one for both")
    elif kernel_version() <= (6, 12):
        t.equal(answered, [], "answers")


@brief
def ack_too_old(t):
    run = survives(t, "ack-too-old", "connect", "send=10", "sleep=500ms", "poll=in,50ms", "queues",
                   "so_error", "close")
    t.result(run.call("poll"), 0)
    t.equal([(s.seq, s.ack) for s in answers(run, forged(run))], [(11, 1)], "the challenge ACK")


@brief
def ack_a_little_old_carries_data(t):
    run = t.passed(t.run("ack-too-old", t.probe("connect", "send=100", "sleep=500ms", "recv"),
                         sets={"bytes": 50}))
    t.result(run.call("recv"), len("never read"))


@brief
def data_beyond_window(t):
    run = survives(t, "data-beyond-window", "connect", "sleep=500ms", "poll=in,50ms", "send=10",
                   "sleep=100ms", "queues", "so_error", "close")
    t.result(run.call("poll"), 0)
    beyond = forged(run)
    t.equal(beyond.seq, 1 + run.received("ack")[0].window, "the number right after the window")
    t.equal([(s.ack, s.len) for s in answers(run, beyond)], [(1, 0)], "the ACK with the window")


@brief
def data_after_fin(t):
    run = t.passed(t.run("data-after-fin", t.probe("connect", "sleep=500ms", "recv", "recv",
                                                   "send=10", "sleep=100ms", "queues", "so_error")))
    t.equal([c.result for c in run.calls("recv")], [0, 0], "reads")
    late = forged(run)
    t.equal((late.seq, late.len), (2, 8), "the data behind the FIN")
    t.equal(max(s.ack for s in run.received()), 2, "the program acknowledges the FIN and no more")
    t.equal((run.call("queues").send_q, run.call("SO_ERROR").error), (0, "0"), "queue and error")


@brief
def conflicting_retransmission(t):
    code = f"""
        import socket, time
        s = socket.create_connection(("{PEER}", 8080))
        time.sleep(0.6)
        print(s.recv(100).decode())
    """
    run = t.passed(t.run("conflicting-retransmission", t.python(code)))
    t.equal(run.text.strip(), "0123wxyzEFGH", "what the program read")
    sacks = [s.options["sack"] for s in run.received() if (s.options or {}).get("sack")]
    t.equal(sacks[0], [[5, 13]], "the first SACK block")
    t.check([5, 9] in sacks[1], f"a block for the copy (DSACK), among {sacks[1]}")


@brief
def urgent_data(t):
    code = f"""
        import select, socket, time
        s = socket.create_connection(("{PEER}", 8080))
        p = select.poll()
        p.register(s, select.POLLPRI)
        print(bool(p.poll(2000)[0][1] & select.POLLPRI))
        print(s.recv(100, socket.MSG_OOB).decode(), s.recv(100).decode())
    """
    run = t.passed(t.run("urgent-data", t.python(code)))
    t.equal(run.text.split(), ["True", "t", "interrup"], "POLLPRI, the urgent byte and the stream")
    data = run.sent("data")[0]
    t.check("U" in data.flags, f"flags are {data.flags}")


@brief
def urgent_data_inline(t):
    code = f"""
        import socket, time
        s = socket.create_connection(("{PEER}", 8080))
        s.setsockopt(socket.SOL_SOCKET, socket.SO_OOBINLINE, 1)
        time.sleep(0.6)
        got = s.recv(100)
        print((got + s.recv(100)).decode())
    """
    run = t.passed(t.run("urgent-data", t.python(code)))
    t.equal(run.text.strip(), "interrupt", "the stream with SO_OOBINLINE")


@brief
def paws_violation(t):
    for age in (1, 1000):
        run = survives(t, "paws-violation", "connect", "send=10", "sleep=500ms", "poll=in,50ms",
                       "queues", "so_error", "close", sets={"age": age * 1000})
        t.result(run.call("poll"), 0)
        t.equal([(s.seq, s.ack) for s in answers(run, forged(run))], [(11, 1)], "the ACK")


@brief
def timestamps_vanish(t):
    t.need("curl")
    run = t.passed(t.run("timestamps-vanish", ["curl", "-sS", f"http://{HOST}:8080/"]))
    t.equal(run.text, "ok\n", "body")
    later = [s for s in run.sent()[1:]]
    t.check(later and not any("timestamps" in (s.options or {}) for s in later),
            "no timestamps after the SYN-ACK")
    t.check(all("timestamps" in s.options for s in run.received() if s.kind != "rst"),
            "the program goes on sending its own")


@brief
def sack_reneging(t):
    run = t.passed(t.run("sack-reneging", t.probe("connect", "send=5792", "sleep=800ms",
                                                  "queues", "info")))
    reported = run.received("data")[2]
    t.equal(reported.fate, "dropped", "what becomes of data that SACK reports")
    again = [s for s in run.received("data", fate="accepted")
             if s.seq <= reported.seq < s.seq + s.len]
    t.check(again, "what was reported has to come again")
    progress = [s for s in run.sent() if s.ack == reported.seq][0]
    t.check(again[0].t - progress.t < 0.15, "well before the RTO")
    t.equal(run.call("queues").send_q, 0, "the send queue")


@brief
def sack_nonsense(t):
    run = survives(t, "sack-nonsense", "connect", "send=1000", "sleep=500ms", "info", "queues",
                   "so_error", "close")
    info = run.call("TCP_INFO")
    t.equal((info.total_retrans, info.sacked, info.lost), (0, 0, 0), "the kernel's bookkeeping")
    t.equal(len([s for s in run.sent() if (s.options or {}).get("sack")]), 4, "ACKs with blocks")


@brief
def optimistic_ack(t):
    run = t.passed(t.run("optimistic-ack", t.probe("connect", "send=1000", "sleep=500ms", "queues",
                                                   "info", "send=10", "sleep=700ms", "queues")))
    t.equal(run.call("queues").send_q, 0, "the send queue: all is well")
    t.equal(run.call("TCP_INFO").bytes_acked, 1001, "bytes acknowledged")
    t.equal([s.fate for s in run.received("data")][:1], ["dropped"], "the data")
    # The hole will never be filled: what comes after it cannot be acknowledged.
    t.equal(run.call("queues", 1).send_q, 10, "what waits behind the hole")


@brief
def ack_division(t):
    run = t.passed(t.run("ack-division", t.probe("connect", "info", "send=1000", "sleep=500ms",
                                                 "info", "queues")))
    before, after = run.calls("TCP_INFO")
    t.equal(len(run.sent("ack")), 5, "acknowledgements of one segment")
    t.check(after.snd_cwnd - before.snd_cwnd <= 1,
            f"the congestion window went from {before.snd_cwnd} to {after.snd_cwnd}")
    t.equal(run.call("queues").send_q, 0, "the send queue")


@brief
def duplicate_acks_forged(t):
    run = survives(t, "duplicate-acks-forged", "connect", "send=5000", "sleep=200ms", "info",
                   "queues", "so_error", "close")
    t.equal(run.call("TCP_INFO").total_retrans, 0, "retransmissions on a connection with SACK")
    t.equal(len([s for s in run.sent() if s.rule and s.ack == 1]), 5, "duplicate ACKs")


@brief
def duplicate_acks_forged_without_sack(t):
    profile = t.profile("""
        summary: The same, without SACK.
        extends: duplicate-acks-forged
        tcp: {sack: false}
        rules:
          - {on: receive data, first: 1, do: {delay: 50ms}}
    """)
    run = t.passed(t.run(profile, t.probe("connect", "send=5000", "sleep=500ms", "info")))
    t.check(run.call("TCP_INFO").total_retrans >= 1, "a retransmission that nobody needed")


@brief
def time_wait_assassination(t):
    for rfc1337, gone in ((0, True), (1, False)):
        run = t.passed(t.run("time-wait-assassination", t.python(f"""
            import socket, time
            s = socket.create_connection(("{PEER}", 8080))
            own = s.getsockname()
            s.close()
            time.sleep(0.6)
            left = [line.split() for line in open("/proc/net/tcp") if line.split()[3] == "06"]
            print(len(left))
        """), sysctls=t.sysctls_for(tcp_rfc1337=rfc1337)))
        t.equal(run.text.strip(), "0" if gone else "1", f"TIME-WAIT with tcp_rfc1337 {rfc1337}")


@brief
def keepalive_storm(t):
    run = t.passed(t.run("keepalive-storm", t.probe("connect", "sleep=1600ms", "so_error",
                                                    "close")))
    probes = [s for s in run.sent() if s.rule]
    fin = run.received("fin")[0].t
    answered = [s.t for s in run.received("ack")[1:] if s.t < fin]
    t.check(len(probes) > 15, f"{len(probes)} probes")
    t.check(2 <= len(answered) <= 5, f"{len(answered)} answers")
    limit = t.kernel.number("tcp_invalid_ratelimit", 500) / 1000
    gaps = [b - a for a, b in zip(answered, answered[1:])]
    t.check(all(gap > 0.9 * limit for gap in gaps), f"gaps between answers are {gaps}")
    t.equal(run.call("SO_ERROR").error, "0", "the socket's error")
