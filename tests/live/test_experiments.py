"""The published experiments on this machine's kernel, with settings that shorten what is long: the
handshake, silence and keepalive. test_warp_experiments.py has them with default settings."""

from experiments import connect_gives_up, ends, experiment, sockets, states, waiting
from harness import HOST, PEER, since, test

URL = f"http://{HOST}:8080/"
NO_PROBE = {"net.ipv4.tcp_early_retrans": 0}


# 1: refused --------------------------------------------------------------------------------------


@test
def refused(t):
    run = experiment(t, "connection-refused", t.probe("connect"))
    t.errno(run.call("connect"), "ECONNREFUSED")
    t.check(run.call("connect").took < 0.5, "it has to fail at once")
    t.equal([(s.kind or s.reason, s.flags) for s in run.segments()], [("syn", "S"), ("rst", "RA")],
            "segments")


@test
def refused_non_blocking(t):
    run = experiment(t, "connection-refused", t.probe("nonblock", "connect", "poll=out,5s",
                                                      "so_error"))
    t.errno(run.call("connect"), "EINPROGRESS")
    t.contains(run.call("poll").revents, "POLLERR", "revents")
    t.equal(run.call("SO_ERROR").error, "ECONNREFUSED", "SO_ERROR")


@test
def refused_curl(t):
    t.need("curl")
    run = experiment(t, "connection-refused", ["curl", "-sS", URL], status=7)
    t.soon(run, 5, "it has to fail at once")
    # It does not wait in connect(), and asks for the error.
    asked = [c.args for c in run.events("call", name="getsockopt") if "SO_ERROR" in c.args]
    t.check(any("ECONNREFUSED" in args for args in asked), f"SO_ERROR as told: {asked}")


# 2 and 3: reset lost, syn-sent -------------------------------------------------------------------


def short_syns(t):
    """Settings for some SYNs, and the schedule."""
    sysctls = t.sysctls_for(tcp_syn_retries=2, tcp_syn_linear_timeouts=0)
    return sysctls, t.kernel.with_values(sysctls).syns()


@test
def reset_lost_curl(t):
    t.need("curl")
    sysctls, (times, end) = short_syns(t)
    run = experiment(t, "connect-times-out", ["curl", "-sS", URL], status=28, sysctls=sysctls,
                     sets={"syns": len(times)})
    syns = run.received("syn")
    t.near_all(since(syns, syns[0]), times, "SYNs")
    t.near(run.events("exit")[0].t - syns[0].t, end, "the time until curl gives up")


@test
def syn_sent(t):
    sysctls, (times, end) = short_syns(t)
    run = experiment(t, "connect-times-out", t.probe("connect"), sysctls=sysctls,
                     sets={"syns": len(times)})
    connect_gives_up(t, run, times, end)
    t.equal(waiting(run, "SYN-SENT", "on"), len(times) - 1, "retries in SYN-SENT")


@test
def syn_sent_non_blocking(t):
    """As curl does: the program polls while its kernel goes on trying."""
    sysctls, (times, end) = short_syns(t)
    run = experiment(t, "connect-times-out",
                     t.probe("nonblock", "connect", "poll=out,1200ms", "poll=out,9s", "so_error"),
                     sysctls=sysctls, sets={"syns": len(times)})
    t.errno(run.call("connect"), "EINPROGRESS")
    t.result(run.call("poll", 0), 0)
    t.contains(run.call("poll", 1).revents, "POLLERR", "revents")
    t.near(run.call("poll", 0).took + run.call("poll", 1).took, end, "the time until POLLERR")
    t.equal(run.call("SO_ERROR").error, "ETIMEDOUT", "SO_ERROR")


@test
def syn_sent_user_timeout(t):
    """It fails when the option says, not at the next retry."""
    times, end = t.kernel.syns_until(1.5)
    run = experiment(t, "connect-times-out", t.probe("user_timeout=1500ms", "connect"),
                     sets={"syns": len(times)})
    connect_gives_up(t, run, times, end)


# 4: SYN-ACK lost ---------------------------------------------------------------------------------


@test
def syn_ack_lost(t):
    run = experiment(t, "handshake-retransmitted", t.probe("connect", "close"))
    t.result(run.call("connect"), 0)
    syns, answers = run.received("syn"), run.sent("syn-ack")
    t.equal([s.fate for s in answers[:3]], ["dropped"] * 3, "fates of the SYN-ACKs")
    t.check(len(syns) >= 2 and any(s.retransmission for s in answers), "both ends have to repeat")
    t.near(syns[1].t - syns[0].t, 1.0, "the second SYN")
    open_ = [s for s in answers if s.fate == "sent"][0]
    t.near(run.call("connect").took, open_.t - syns[0].t, "connect()")
    t.check(waiting(run, "SYN-SENT", "on") >= 1, "retries in SYN-SENT")


# 8: idle -----------------------------------------------------------------------------------------


@test
def idle(t):
    probes_at, end = t.kernel.keepalive(2, 1, 3)
    run = experiment(t, "keepalive-unanswered",
                     t.probe("keepalive=2,1,3", "connect", "recv", "recv", "send=1"),
                     sets={"idle": 2, "interval": 1, "probes": 3})
    ends(t, run, "ETIMEDOUT")
    t.near(run.call("recv", 0).took, end, "the time until ETIMEDOUT")
    opened = run.received("ack")[0]
    t.near_all(since(run.received("keepalive-probe"), opened), probes_at, "probes")
    t.near(run.received("rst")[0].t - opened.t, end, "the RST")
    t.check(waiting(run, "ESTAB", "keepalive") >= 2, "unanswered probes as the kernel says it")


@test
def idle_by_sysctl(t):
    """A program that sets SO_KEEPALIVE and nothing else, and polls."""
    code = f"""
        import os, select, socket
        s = socket.create_connection(("{PEER}", 8080))
        s.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        select.select([s], [], [])
        print(os.strerror(s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)), s.recv(1))
    """
    run = experiment(t, "keepalive-unanswered", t.python(code),
                     sets={"idle": 1, "interval": 1, "probes": 2})
    t.equal(run.text.strip(), "Connection timed out b''", "what the program saw")


@test
def idle_user_timeout(t):
    for user_timeout in ("500ms", "1500ms"):
        seconds = int(user_timeout[:-2]) / 1000
        probes_at, end = t.kernel.keepalive_user_timeout(1, 1, seconds)
        run = experiment(t, "keepalive-unanswered",
                         t.probe("keepalive=1,1,9", f"user_timeout={user_timeout}", "connect",
                                 "recv"),
                         sets={"idle": 1, "interval": 1, "probes": len(probes_at)})
        t.errno(run.call("recv"), "ETIMEDOUT")
        t.near(run.call("recv").took, end, f"ETIMEDOUT with TCP_USER_TIMEOUT {user_timeout}")


# 10 and 11: dead ---------------------------------------------------------------------------------


@test
def dead(t):
    sysctls = {**NO_PROBE, "net.ipv4.tcp_retries2": 3}
    run = experiment(t, "dead-peer",
                     t.probe("keepalive=1,1,1", "connect", "info", "send=100", "recv", "recv",
                             "send=1"), sysctls=sysctls)
    end, sent = t.kernel.data_give_up(3, run.rto)
    ends(t, run, "ETIMEDOUT")
    t.near(run.call("recv", 0).took, end, "the time until ETIMEDOUT")
    data = run.received("data")
    t.near_all(since(data, data[0]), t.kernel.data(sent - 1, run.rto), "transmissions")
    t.check(waiting(run, "ESTAB", "on") >= 2, "retransmissions as the kernel says it")
    t.equal(max(v.send_q for v in sockets(run, "ESTAB")), 100, "Send-Q")


@test
def dead_non_blocking(t):
    run = experiment(t, "dead-peer",
                     t.probe("user_timeout=1s", "nonblock", "connect", "poll=out,5s", "send=100",
                             "recv", "poll=in,9s", "so_error", "recv", "send=1"))
    t.errno(run.call("recv", 0), "EAGAIN")
    t.contains(run.call("poll", 1).revents, "POLLERR", "revents")
    t.equal(run.call("SO_ERROR").error, "ETIMEDOUT", "SO_ERROR")
    t.result(run.call("recv", 1), 0)
    t.errno(run.call("send", 1), "EPIPE")


@test
def dead_user_timeout(t):
    run = experiment(t, "dead-peer", t.probe("user_timeout=1s", "connect", "info", "send=100",
                                             "recv"), sysctls=NO_PROBE)
    t.errno(run.call("recv"), "ETIMEDOUT")
    t.near(run.call("recv").took, t.kernel.user_timeout(1.0, run.rto), "ETIMEDOUT")


@test
def dead_writing_on(t):
    run = experiment(t, "dead-peer", t.probe("user_timeout=1s", "connect", "info",
                                             "loop-send=10,300ms", "send=1", "recv"),
                     sysctls=NO_PROBE)
    writes = run.calls("send")
    t.equal({w.result for w in writes[:-2]}, {10}, "writes until then")
    t.errno(writes[-2], "ETIMEDOUT")
    t.errno(writes[-1], "EPIPE")
    t.result(run.call("recv"), 0)
    end = t.kernel.user_timeout(1.0, run.rto)
    gone = writes[-2].t - writes[0].t
    t.check(end - 0.05 <= gone <= end * 1.4 + 0.35, f"the first error came after {gone:.3f} s")
    t.check(states(run)[:1] == ["ESTAB"] or "ESTAB" in states(run), "states")
