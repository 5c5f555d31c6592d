"""The published experiments with default settings, in virtual time; test_experiments.py and
test_experiments_close.py have them on this machine's kernel, shortened. Both are held to the
schedules that schedule.py computes from the kernel's own sysctls."""

import schedule
from experiments import (connect_gives_up, ends, orphan_gives_up, sockets, states, waiting,
                         warped)
from harness import PEER, since, test
from test_client_role import serve
from test_experiments_close import first_errors
from test_experiments_server import DIALLED
from warp_support import guest

URL = f"http://{PEER}:8080/"
# Without it the first retransmission may be a tail loss probe (RFC 8985), which does not back off.
NO_PROBE = {"net.ipv4.tcp_early_retrans": 0}


def stay(t, run, state):
    """How long the program's socket was in that state; views are 100 ms apart."""
    first = sockets(run, state)[0]
    after = [v for v in sockets(run) if v.t > first.t and v.state != state]
    t.check(after, f"the socket stayed in {state}")
    return after[0].t - first.t


# 2 and 3 -----------------------------------------------------------------------------------------


@test
def reset_lost_curl(t):
    t.need("curl")
    times, end = guest(t).syns()
    run = warped(t, "connect-times-out", ["curl", "-sS", URL], status=28,
                 sets={"syns": len(times)})
    syns = run.received("syn")
    t.near_all(since(syns, syns[0]), times, "SYNs")
    t.near(run.events("exit")[0].t - syns[0].t, end, "the time until curl gives up")


@test
def syn_sent(t):
    times, end = guest(t).syns()
    run = warped(t, "connect-times-out", t.probe("connect"), sets={"syns": len(times)})
    connect_gives_up(t, run, times, end)
    t.check(waiting(run, "SYN-SENT", "on") >= 6, "retries in SYN-SENT")


@test
def syn_sent_non_blocking(t):
    times, end = guest(t).syns()
    run = warped(t, "connect-times-out",
                 t.probe("nonblock", "connect", "poll=out,10s", "poll=out,10m", "so_error"))
    t.errno(run.call("connect"), "EINPROGRESS")
    t.result(run.call("poll", 0), 0)
    t.near(10 + run.call("poll", 1).took, end, "the time until POLLERR")
    t.equal(run.call("SO_ERROR").error, "ETIMEDOUT", "SO_ERROR")
    t.equal(len(run.received("syn")), len(times), "SYNs")


@test
def syn_sent_user_timeout(t):
    times, end = guest(t).syns_until(5.0)
    run = warped(t, "connect-times-out", t.probe("user_timeout=5s", "connect"),
                 sets={"syns": len(times)})
    connect_gives_up(t, run, times, end)


@test
def syn_sent_on_an_older_kernel(t):
    """Before 6.5 there is no tcp_syn_linear_timeouts: SYNs at 1, 3, 7, 15, 31, 63 s."""
    times, end = guest(t, "6.1").syns()
    t.equal(times, [0, 1, 3, 7, 15, 31, 63], "the published schedule")
    run = warped(t, "connect-times-out", t.probe("connect"), kernel="6.1",
                 sets={"syns": len(times)})
    t.near(run.call("connect").took, end, "the time until ETIMEDOUT")
    syns = run.received("syn")
    t.near_all(since(syns, syns[0]), times, "SYNs")


# 8 -----------------------------------------------------------------------------------------------


@test
def idle(t):
    for user_timeout in (None, 3.0, 10.0):
        probes_at, end = (schedule.Kernel.keepalive(5, 3, 3) if user_timeout is None else
                          schedule.Kernel.keepalive_user_timeout(5, 3, user_timeout))
        option = [] if user_timeout is None else [f"user_timeout={int(user_timeout)}s"]
        run = warped(t, "keepalive-unanswered",
                     t.probe("keepalive=5,3,3", *option, "connect", "recv", "recv", "send=1"),
                     sets={"probes": len(probes_at)})
        ends(t, run, "ETIMEDOUT")
        t.near(run.call("recv", 0).took, end, f"ETIMEDOUT with user timeout {user_timeout}")
        opened = run.received("ack")[0]
        t.near_all(since(run.received("keepalive-probe"), opened), probes_at, "probes")
        t.near(run.received("rst")[0].t - opened.t, end, "the RST")
        waiting(run, "ESTAB", "keepalive")


# 10 and 11 ---------------------------------------------------------------------------------------


@test
def dead(t):
    run = warped(t, "dead-peer",
                 t.probe("keepalive=60,60,3", "connect", "info", "send=100", "recv", "recv",
                         "send=1"), sysctls=NO_PROBE, sets={"retransmissions": 15})
    end, sent = guest(t).data_give_up(rto=run.rto)
    ends(t, run, "ETIMEDOUT")
    t.near(run.call("recv", 0).took, end, "the time until ETIMEDOUT")
    t.check(run.call("recv", 0).took >= 924.6, "not before the hypothetical timeout")
    data = run.received("data")
    t.near_all(since(data, data[0]), guest(t).data(sent - 1, run.rto), "transmissions")
    t.check(waiting(run, "ESTAB", "on") >= 14, "retransmissions as the kernel says it")


@test
def dead_user_timeout(t):
    run = warped(t, "dead-peer", t.probe("user_timeout=60s", "connect", "info", "send=100", "recv"),
                 sysctls=NO_PROBE)
    t.errno(run.call("recv"), "ETIMEDOUT")
    t.near(run.call("recv").took, schedule.Kernel.user_timeout(60.0, run.rto), "ETIMEDOUT")


@test
def dead_writing_on(t):
    run = warped(t, "dead-peer", t.probe("user_timeout=10s", "connect", "info",
                                         "loop-send=10,100ms", "send=1", "recv"), sysctls=NO_PROBE)
    writes = run.calls("send")
    t.equal({w.result for w in writes[:-2]}, {10}, "writes until then")
    t.errno(writes[-2], "ETIMEDOUT")
    t.near(writes[-2].t - writes[0].t, schedule.Kernel.user_timeout(10.0, run.rto), "ETIMEDOUT")
    t.errno(writes[-1], "EPIPE")
    t.result(run.call("recv"), 0)


# 12 to 14 ----------------------------------------------------------------------------------------


@test
def zero_window_alive(t):
    """Past the time at which unanswered probes would have ended it."""
    run = warped(t, "zero-window-alive", t.probe("connect", "info", "fill", "sleep=180m"))
    t.errno(run.call("fill"), "EAGAIN")
    probes = run.received("window-probe")
    t.near_all(since(probes, probes[0]),
               [x - run.rto for x in schedule.Kernel.persist(len(probes), run.rto)], "probes")
    t.check(len(probes) > guest(t).number("tcp_retries2"), f"{len(probes)} window probes")
    waiting(run, "ESTAB", "persist")


@test
def zero_window_dead(t):
    retries = guest(t).number("tcp_retries2")
    run = warped(t, "zero-window-dead",
                 t.probe("connect", "info", "fill", "poll=in,30m", "recv", "recv", "send=1"),
                 sets={"probes": retries})
    times = schedule.Kernel.persist(retries + 1, run.rto)
    ends(t, run, "ETIMEDOUT")
    t.near(run.call("poll").took, times[-1], "the time until ETIMEDOUT")
    probes = run.received("window-probe")
    t.near_all(since(probes, probes[0]), [x - times[0] for x in times[:-1]], "window probes")
    t.check(waiting(run, "ESTAB", "persist") >= 14, "unanswered probes as the kernel says it")


@test
def zero_window_user_timeout(t):
    run = warped(t, "zero-window-dead",
                 t.probe("user_timeout=60s", "connect", "info", "fill", "poll=in,30m", "recv"))
    t.errno(run.call("recv"), "ETIMEDOUT")
    t.near(run.call("poll").took, schedule.Kernel.user_timeout(60.0, run.rto), "ETIMEDOUT")


@test
def orphan_with_data(t):
    run = warped(t, "orphan-unsent-data",
                 t.probe("connect", "info", "send=10000", "sleep=100ms", "close", "sleep=10m"),
                 sets={"probes": 10})
    times = schedule.Kernel.persist(10 + 1, run.rto)
    probe = orphan_gives_up(t, run, times)
    t.near(sockets(run, "GONE")[0].t - probe.t, times[-1] - times[0], "until it is gone")


# 16, 21 to 23 ------------------------------------------------------------------------------------


@test
def reader_wakes_late(t):
    run = warped(t, "reader-wakes-late",
                 t.probe("connect", "send=20000", "close", "sleep=100s"))
    t.equal(states(run)[-3:], ["FIN-WAIT-1", "FIN-WAIT-2", "GONE"], "the kernel's states")
    t.near(stay(t, run, "FIN-WAIT-2"), guest(t).number("tcp_fin_timeout"), "FIN-WAIT-2")


@test
def never_closes(t):
    run = warped(t, "fin-comes-too-late", t.probe("connect", "close", "sleep=100s"))
    t.near(stay(t, run, "FIN-WAIT-2"), guest(t).number("tcp_fin_timeout"), "FIN-WAIT-2")


@test
def never_closes_after_shutdown(t):
    run = warped(t, "fin-never-comes",
                 t.probe("connect", "shutdown", "poll=in,30m", "info", "sleep=120m"))
    t.result(run.call("poll"), 0)
    t.equal(run.call("TCP_INFO").state, "FIN-WAIT-2", "state after half an hour")


@test
def time_wait(t):
    for fin_timeout in (60, 5):
        run = warped(t, "time-wait", t.probe("connect", "close", "sleep=80s"),
                     sysctls={"net.ipv4.tcp_fin_timeout": fin_timeout})
        t.near(stay(t, run, "TIME-WAIT"), 60.0, f"TIME-WAIT, tcp_fin_timeout {fin_timeout}")


@test
def close_wait(t):
    run = warped(t, "close-wait", t.probe("connect", "recv", "poll=out,1s", "sleep=40m", "info",
                                          "sleep=120m"))
    t.equal(run.call("TCP_INFO").state, "CLOSE-WAIT", "state after forty minutes")


# 25 ----------------------------------------------------------------------------------------------


@test
def first_error_by_cause(t):
    run = warped(t, "first-error-by-cause", first_errors(t, "write", 0, 1000))
    t.equal(run.text.splitlines(), ["ETIMEDOUT b'' EPIPE", "EPIPE b'' EPIPE",
                                    "ECONNRESET b'' EPIPE"], "write, read, write")


# 5 to 7 and 9: the program is the server ---------------------------------------------------------


@test
def syn_recv(t):
    times, end = guest(t).syn_acks()
    t.equal((times, end), ([0, 1, 3, 7, 15, 31], 63), "the published schedule")
    for option in ([], ["user_timeout=5s"]):
        run = warped(t, "syn-recv-abandoned", serve(t, *option, "listen=1", "sleep=10m"), *DIALLED,
                     sets={"synacks": len(times)})
        answers = run.received("syn-ack")
        t.near_all(since(answers, answers[0]), times, "SYN-ACKs")
        waiting(run, "SYN-RECV", "on")
        t.near(stay(t, run, "SYN-RECV"), end, "the time in SYN-RECV")


@test
def last_ack_lost(t):
    run = warped(t, "client-ack-lost", serve(t, "listen=1", "sleep=10s", "accept", "queues"),
                 *DIALLED)
    answers = run.received("syn-ack")
    t.near_all(since(answers, answers[0]), [0, 1, 3, 7], "SYN-ACKs")
    t.near(stay(t, run, "SYN-RECV"), 8.0, "the time in SYN-RECV")
    t.equal(max(v.recv_q for v in sockets(run, "ESTAB")), 11, "Recv-Q")


@test
def defer_accept(t):
    steps = ["defer-accept=10", "listen=1", "accept", "queues", "recv"]
    run = warped(t, "client-speaks-late", serve(t, *steps), *DIALLED)
    t.near(run.call("accept").took, 8.0, "the time until accept() returns")
    t.equal(run.call("queues").recv_q, 11, "Recv-Q when accept() returns")
    run = warped(t, "client-speaks-late", serve(t, *steps), *DIALLED,
                 sets={"after": "25s", "synacks": 2})
    again = guest(t).deferred_syn_ack(10)
    t.equal(again, 15, "the published time")
    answers = run.received("syn-ack")
    t.near_all(since(answers, answers[0]), [0, again], "SYN-ACKs")
    t.near(run.call("accept").took, again, "the time until accept() returns")
    t.equal(run.call("queues").recv_q, 0, "Recv-Q when accept() returns")
    t.near(run.call("recv").took, 25 - run.call("accept").took, "the wait for the data")


@test
def server_side_keepalive(t):
    probes, end = guest(t).keepalive(30, 5, 3)
    run = warped(t, "client-vanishes",
                 serve(t, "listen=1", "accept", "keepalive=30,5,3", "recv", "recv"), *DIALLED)
    t.errno(run.call("recv", 1), "ETIMEDOUT")
    data = run.sent("data")[0]
    t.near_all(since(run.received("keepalive-probe"), data), probes, "probes")
    t.near(run.received("rst")[0].t - data.t, end, "the RST")
