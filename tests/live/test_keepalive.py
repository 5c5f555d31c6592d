"""Keepalive probes, answered and not: keepalive-blackhole, healthy."""

from harness import PEER, PEER6, since, test


@test
def keepalive_blackhole_gives_up(t):
    probes_at, end = t.kernel.keepalive(1, 1, 3)
    run = t.passed(t.run("keepalive-blackhole", t.probe("keepalive=1,1,3", "connect", "recv",
                                                        "recv", "send=1")))
    t.errno(run.call("recv", 0), "ETIMEDOUT")
    t.near(run.call("recv", 0).took, end, "the time until ETIMEDOUT")
    t.result(run.call("recv", 1), 0)
    t.errno(run.call("send"), "EPIPE")
    opened = run.received("ack")[0]
    probes = run.received("keepalive-probe")
    t.near_all(since(probes, opened), probes_at, "probes")
    t.equal({(s.fate, s.rule_name) for s in probes}, {("dropped", "keepalive-blackhole")}, "fates")
    t.equal({(s.seq, s.len) for s in probes}, {(0, 0)}, "a probe is an ACK without data at SND.UNA-1")
    rst = run.received("rst")
    t.equal(len(rst), 1, "RSTs from the program")
    t.near(rst[0].t - opened.t, end, "the time of the RST")


@test
def keepalive_blackhole_5_3_3_shape(t):
    # idle and interval differ, as in the published experiment, in a shorter form.
    probes_at, end = t.kernel.keepalive(2, 1, 2)
    run = t.passed(t.run("keepalive-blackhole", t.probe("keepalive=2,1,2", "connect", "recv")))
    t.errno(run.call("recv"), "ETIMEDOUT")
    opened = run.received("ack")[0]
    t.near_all(since(run.received("keepalive-probe"), opened), probes_at, "probes")
    t.near(run.received("rst")[0].t - opened.t, end, "the time of the RST")


@test
def keepalive_blackhole_user_timeout(t):
    # TCP_USER_TIMEOUT replaces the count, and is looked at when a probe is due.
    probes_at, end = t.kernel.keepalive_user_timeout(1, 1, 1.5)
    run = t.passed(t.run("keepalive-blackhole",
                         t.probe("keepalive=1,1,9", "user_timeout=1500ms", "connect", "recv")))
    t.errno(run.call("recv"), "ETIMEDOUT")
    t.near(run.call("recv").took, end, "the time until ETIMEDOUT")
    opened = run.received("ack")[0]
    t.near_all(since(run.received("keepalive-probe"), opened), probes_at, "probes")


@test
def keepalive_blackhole_answers_data(t):
    run = t.passed(t.run("keepalive-blackhole",
                         t.probe("keepalive=1,1,9", "connect", "sleep=1500ms", "info", "send=10",
                                 "sleep=100ms", "queues", "info", "close")))
    before, after = run.calls("TCP_INFO")
    t.equal(before.probes, 1, "unanswered probes before the data")
    t.equal(after.probes, 0, "unanswered probes after it")
    t.equal(run.call("queues").send_q, 0, "the send queue")


@test
def keepalive_blackhole_by_sysctl(t):
    # The defaults of every socket in the run, for a program that only sets SO_KEEPALIVE.
    code = f"""
        import errno, socket, time
        s = socket.create_connection(("{PEER}", 8080))
        s.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        started = time.monotonic()
        try:
            print("read", s.recv(1))
        except OSError as e:
            print(errno.errorcode[e.errno], round(time.monotonic() - started, 3))
    """
    run = t.passed(t.run("keepalive-blackhole", t.python(code), sysctls={
        "net.ipv4.tcp_keepalive_time": 1, "net.ipv4.tcp_keepalive_intvl": 1,
        "net.ipv4.tcp_keepalive_probes": 2}))
    name, seconds = run.text.split()
    t.equal(name, "ETIMEDOUT", "the error")
    t.near(float(seconds), t.kernel.keepalive(1, 1, 2)[1], "the time until ETIMEDOUT")


@test
def keepalive_is_answered_by_an_honest_peer(t):
    run = t.passed(t.run("healthy", t.probe("keepalive=1,1,2", "connect", "poll=in,4500ms", "info",
                                            "close")))
    t.result(run.call("poll"), 0)
    t.equal(run.call("TCP_INFO").state, "ESTABLISHED", "state")
    opened = run.received("ack")[0]
    probes = run.received("keepalive-probe")
    t.near_all(since(probes, opened), [1, 2, 3, 4], "probes")
    t.equal(len(run.sent("keepalive-reply")), len(probes), "answers")


@test
def keepalive_in_ipv6(t):
    run = t.passed(t.run("keepalive-blackhole",
                         t.probe("keepalive=1,1,1", "connect", "recv", address=PEER6)))
    t.errno(run.call("recv"), "ETIMEDOUT")
    t.near(run.call("recv").took, t.kernel.keepalive(1, 1, 1)[1], "the time until ETIMEDOUT")


@test
def keepalive_never_asked_for(t):
    # Without SO_KEEPALIVE no probe is sent, so the fault cannot be injected, and the run says so.
    run = t.run("keepalive-blackhole", t.probe("connect", "sleep=300ms", "close"))
    t.equal(run.status, 123, "exit status")
    t.contains(run.trace, "receive keepalive-probe", "the verdict")


@test
def keepalive_reset(t):
    run = t.passed(t.run("keepalive-reset", t.probe("keepalive=1,1,3", "connect", "recv", "send=1")))
    t.errno(run.call("recv"), "ECONNRESET")
    t.near(run.call("recv").took, 1.0, "the time until the first probe is answered")
    t.errno(run.call("send"), "EPIPE")
    t.equal(len(run.received("keepalive-probe")), 1, "probes")


@test
def keepalive_lossy_recovers(t):
    run = t.passed(t.run("keepalive-lossy", t.probe("keepalive=2,1,3", "connect", "sleep=3500ms",
                                                    "info", "sleep=3s", "info")))
    before, after = run.calls("TCP_INFO")
    t.equal((before.probes, after.probes), (2, 0), "unanswered probes before and after the answer")
    opened = run.received("ack")[0]
    t.near_all(since(run.received("keepalive-probe"), opened), [2, 3, 4, 6], "probes")


@test
def keepalive_lossy_can_kill(t):
    run = t.passed(t.run("keepalive-lossy", t.probe("keepalive=1,1,2", "connect", "recv")))
    t.errno(run.call("recv"), "ETIMEDOUT")
    t.near(run.call("recv").took, 3.0, "the time until ETIMEDOUT")
