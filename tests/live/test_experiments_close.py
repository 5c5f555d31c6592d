"""The published experiments on this machine's kernel, with settings that shorten what is long:
windows, lost acknowledgements, and the ends of connections."""

import signal

from experiments import ends, experiment, orphan_gives_up, sockets, states, told, waiting
from harness import PEER, Late, signal_status, since, test

NO_PROBE = {"net.ipv4.tcp_early_retrans": 0}


# 12 to 14: zero windows --------------------------------------------------------------------------


@test
def zero_window_alive(t):
    """Answered probes keep it alive, whatever tcp_retries2 says."""
    run = experiment(t, "zero-window-alive",
                     t.probe("connect", "info", "fill", "sleep=2500ms", "info", "queues",
                             "sleep=60s"),
                     sysctls={"net.ipv4.tcp_retries2": 2}, sets={"watch": "4s"})
    t.equal(run.verdict.ended, "finish", "what ended the run")
    t.errno(run.call("fill"), "EAGAIN")
    t.equal(run.call("TCP_INFO", 1).state, "ESTABLISHED", "state")
    t.check(run.call("queues").send_q > 0, "Send-Q")
    probes = run.received("window-probe")
    # tcp_send_probe0() backs off no further than tcp_retries2 times.
    gaps = [run.rto * 2 ** min(n, 2) for n in range(1, len(probes))]
    t.near_all([b.t - a.t for a, b in zip(probes, probes[1:])], gaps, "between window probes")
    t.check(len(probes) > 3, "more window probes than tcp_retries2")
    waiting(run, "ESTAB", "persist")


@test
def zero_window_dead(t):
    run = experiment(t, "zero-window-dead", t.probe("connect", "info", "fill", "poll=in,9s", "recv",
                                                    "recv", "send=1"),
                     sysctls={"net.ipv4.tcp_retries2": 3}, sets={"probes": 3})
    times = t.kernel.persist(3 + 1, run.rto)
    ends(t, run, "ETIMEDOUT")
    probes = run.received("window-probe")
    t.near_all(since(probes, probes[0]), [x - times[0] for x in times[:-1]], "window probes")
    t.near(run.call("poll").took, times[-1], "the time until ETIMEDOUT")
    t.check(waiting(run, "ESTAB", "persist") >= 2, "unanswered probes as the kernel says it")


@test
def zero_window_user_timeout(t):
    run = experiment(t, "zero-window-dead", t.probe("user_timeout=1s", "connect", "info", "fill",
                                                    "poll=in,9s", "recv"))
    t.errno(run.call("recv"), "ETIMEDOUT")
    t.near(run.call("poll").took, t.kernel.user_timeout(1.0, run.rto), "ETIMEDOUT")


@test
def orphan_with_data(t):
    """Nobody answers the probes, so that tcp_orphan_retries shortens it."""
    profile = t.profile("""
        extends: orphan-unsent-data
        rules: [{on: receive window-probe, do: drop}]
    """)
    run = experiment(t, profile, t.probe("connect", "info", "send=10000", "sleep=100ms", "close",
                                         "sleep=4s"),
                     sysctls={"net.ipv4.tcp_orphan_retries": 2}, sets={"probes": 2})
    times = t.kernel.persist(2 + 1, run.rto)
    probe = orphan_gives_up(t, run, times)
    gone = sockets(run, "GONE")[0].t - probe.t
    t.check(abs(gone - (times[-1] - times[0])) < 0.4, f"it was gone {gone:.3f} s after a probe")


# 15 and 16: readers ------------------------------------------------------------------------------


@test
def slow_reader(t):
    run = experiment(t, "window-opens-and-closes",
                     t.probe("sndbuf=4KiB", "connect", "send-all=40KiB", "shutdown", "recv"),
                     sets={"rate": "20KiB/s", "window": "4KiB"})
    t.result(run.call("send-all"), 40 * 1024)
    t.check(run.call("send-all").took > 0.8, "the writer has to wait for the reader")
    t.result(run.call("recv"), 0)
    windows = [s.window for s in run.sent() if s.reason != "syn-ack"]
    t.check(min(windows) < 1460 < max(windows), f"windows {sorted(set(windows))}")
    t.check(any(v.send_q for v in sockets(run, "ESTAB")), "Send-Q")


@test
def reader_wakes_late(t):
    run = experiment(t, "reader-wakes-late",
                     t.probe("connect", "send=20000", "close", "sleep=4s"),
                     sysctls={"net.ipv4.tcp_fin_timeout": 1}, sets={"wake": "1s"})
    t.result(run.call("send"), 20000)
    t.check(run.call("close").took < 0.1, "close() has to return at once")
    t.equal(states(run)[-3:], ["FIN-WAIT-1", "FIN-WAIT-2", "GONE"], "the kernel's states")
    waiting(run, "FIN-WAIT-2", "timewait")
    fin = run.received("fin")[-1]
    t.equal(fin.seq + fin.len, 20001, "where the FIN stands")
    left = sockets(run, "GONE")[0].t - sockets(run, "FIN-WAIT-2")[0].t
    t.check(0.7 <= left <= 1.6, f"{left:.3f} s in FIN-WAIT-2")


# 17 to 19: FIN and RST ---------------------------------------------------------------------------


@test
def fin_then_reset(t):
    run = experiment(t, "fin-then-reset-on-write",
                     t.probe("connect", "poll=in,5s", "sleep=300ms", "send=5", "sleep=200ms",
                             "send=5", "recv", "send=5"))
    t.equal([(c.result, c.errno) for c in run.calls("send")],
            [(5, None), (-1, "EPIPE"), (-1, "EPIPE")], "three writes")
    t.result(run.call("recv"), 0)
    t.check("CLOSE-WAIT" in states(run), f"states {states(run)}")


@test
def fin_then_reset_and_signal(t):
    run = experiment(t, "fin-then-reset-on-write",
                     t.probe("connect", "poll=in,5s", "write=5", "sleep=200ms", "write=5"),
                     status=signal_status(signal.SIGPIPE))
    t.result(run.call("write", 0), 5)


@test
def reset_after_fin(t):
    run = experiment(t, "reset-after-fin",
                     t.probe("connect", "poll=in,5s", "send=5", "sleep=400ms", "send=5", "recv"))
    t.result(run.call("send", 0), 5)
    t.errno(run.call("send", 1), "EPIPE")
    t.result(run.call("recv"), 0)
    t.equal(len(run.received("data")), 1, "segments with data: the second write never left")


@test
def reset_after_fin_and_signal(t):
    experiment(t, "reset-after-fin",
               t.probe("connect", "poll=in,5s", "write=5", "sleep=400ms", "write=5"),
               status=signal_status(signal.SIGPIPE))


@test
def reset_only(t):
    run = experiment(t, "reset-without-fin",
                     t.probe("connect", "send=5", "sleep=200ms", "send=5", "send=5", "recv"))
    t.equal([c.errno for c in run.calls("send")], [None, "ECONNRESET", "EPIPE"], "writes")
    t.result(run.call("recv"), 0)


@test
def reset_only_and_signal(t):
    run = experiment(t, "reset-without-fin",
                     t.probe("connect", "write=5", "sleep=200ms", "write=5", "write=5"),
                     status=signal_status(signal.SIGPIPE))
    t.errno(run.call("write", 1), "ECONNRESET")


# 20: ACKs lost -----------------------------------------------------------------------------------


def acks_lost(t, *options):
    """Twenty writes before the first acknowledgement arrives."""
    run = experiment(t, "acks-lost-for-a-while",
                     t.probe(*options, "connect", "loop-send=10,5ms,20", "queues", "until=3500ms"),
                     sysctls=NO_PROBE, sets={"lost": "1500ms"})
    if run.call("queues").send_q != 200:
        raise Late(f"Send-Q is {run.call('queues').send_q}, expected 200")
    return run


@test
def acks_lost_with_nagle(t):
    run = acks_lost(t)
    first = [s for s in run.received("data") if not s.retransmission]
    t.equal([s.len for s in first], [10, 190], "Nagle: the first write, and all the others in one")
    t.equal({s.len for s in run.received("data") if s.retransmission}, {10}, "retransmissions")
    t.check(max(v.send_q for v in sockets(run, "ESTAB")) > 10, "Send-Q as the kernel says it")


@test
def acks_lost_without_nagle(t):
    run = acks_lost(t, "nodelay")
    data = run.received("data")
    again = [s for s in data if s.retransmission]
    early = data[:data.index(again[0])]
    t.equal({s.len for s in early}, {10}, "segments before the first retransmission")
    t.check(len(early) > 3, "each write is a segment")
    t.check(max(s.len for s in again) > 10, f"merged segments: {[s.len for s in again]}")


# 21 to 23: who closes ----------------------------------------------------------------------------


@test
def never_closes(t):
    run = experiment(t, "fin-comes-too-late", t.probe("connect", "close", "sleep=4s"),
                     sysctls={"net.ipv4.tcp_fin_timeout": 1}, sets={"late": "3s"})
    seen = states(run)
    t.equal(seen[seen.index("FIN-WAIT-2"):], ["FIN-WAIT-2", "GONE"], "the kernel's states")
    waiting(run, "FIN-WAIT-2", "timewait")
    left = sockets(run, "GONE")[0].t - sockets(run, "FIN-WAIT-2")[0].t
    t.check(0.7 <= left <= 1.6, f"{left:.3f} s in FIN-WAIT-2")


@test
def never_closes_after_shutdown(t):
    run = experiment(t, "fin-never-comes", t.probe("connect", "shutdown", "poll=in,2s", "info",
                                                   "sleep=60s"),
                     sysctls={"net.ipv4.tcp_fin_timeout": 1}, sets={"watch": "3s"})
    t.result(run.call("poll"), 0)
    t.equal(run.call("TCP_INFO").state, "FIN-WAIT-2", "state")
    # The end of the run closes the socket, which starts one.
    t.equal(sockets(run, "FIN-WAIT-2")[0].timer, "none", "the timer in FIN-WAIT-2")


@test
def time_wait(t):
    """It is not shortened by tcp_fin_timeout; the whole minute passes in virtual time only."""
    run = experiment(t, "time-wait", t.probe("connect", "close", "sleep=3s"),
                     sysctls={"net.ipv4.tcp_fin_timeout": 1}, sets={"early": "2s", "gone": 0})
    t.equal(states(run)[-1], "TIME-WAIT", "the kernel's last state")
    view = sockets(run, "TIME-WAIT")[0]
    t.equal(view.timer, "timewait", "timer")
    t.check(55 <= view.expires <= 60, f"it runs for {view.expires} s")


@test
def close_wait(t):
    run = experiment(t, "close-wait", t.probe("connect", "recv", "info", "sleep=60s"),
                     sets={"watch": "2s"})
    t.result(run.call("recv"), 0)
    t.equal(run.call("TCP_INFO").state, "CLOSE-WAIT", "state")
    t.check("CLOSE-WAIT" in states(run), f"states {states(run)}")
    t.equal({v.timer for v in sockets(run, "CLOSE-WAIT")}, {"none"}, "timers in CLOSE-WAIT")


# 25: the first error -----------------------------------------------------------------------------

THREE_TIMES = """
    import errno, socket, time
    def attempt(call, *arguments):
        try:
            return call(*arguments)
        except OSError as e:
            return errno.errorcode[e.errno]
    for first in ("{first}", "{first}", "{first}"):
        s = socket.create_connection(("{peer}", 8080))
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, {user_timeout})
        s.send(b"x")
        time.sleep({pause})
        calls = dict(read=lambda: attempt(s.recv, 1), write=lambda: attempt(s.send, b"x"))
        print(calls[first](), calls["read"](), calls["write"]())
"""


def first_errors(t, first, user_timeout=300, pause=0.9):
    return t.python(THREE_TIMES.format(first=first, peer=PEER, user_timeout=user_timeout,
                                       pause=pause))


@test
def first_error_by_cause(t):
    run = experiment(t, "first-error-by-cause", first_errors(t, "write"))
    t.equal(run.text.splitlines(), ["ETIMEDOUT b'' EPIPE", "EPIPE b'' EPIPE",
                                    "ECONNRESET b'' EPIPE"], "write, read, write")
    t.equal(told(run, "send"), ["ETIMEDOUT", "EPIPE", "EPIPE", "EPIPE", "ECONNRESET", "EPIPE"],
            "the errors of writes as told")
    run = experiment(t, "first-error-by-cause", first_errors(t, "read"))
    t.equal([line.split()[0] for line in run.text.splitlines()], ["ETIMEDOUT", "b''", "ECONNRESET"],
            "first read: after a FIN it is 0, and the error is left to write")
