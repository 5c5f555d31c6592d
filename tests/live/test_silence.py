"""A connection that is not answered any more: silent-after-handshake, silent-after-bytes,
acks-lost, nat-timeout."""

from harness import HOST, since, test

URL = f"http://{HOST}:8080/"
# Without it the first retransmission may be a tail loss probe (RFC 8985), which does not back off.
NO_PROBE = {"net.ipv4.tcp_early_retrans": 0}


@test
def silent_after_handshake_retransmits(t):
    run = t.passed(t.run("silent-after-handshake",
                         t.probe("connect", "info", "send=100", "until=4500ms", "info", "queues",
                                 "linger0", "close"), sysctls=NO_PROBE))
    t.result(run.call("connect"), 0)
    t.result(run.call("send"), 100)
    data = run.received("data")
    t.near_all(since(data, data[0]), t.kernel.data(4, run.rto), "transmissions")
    t.equal({(s.fate, s.rule_name) for s in data}, {("dropped", "silent-after-handshake")}, "fates")
    info = run.call("TCP_INFO", 1)
    t.equal((info.state, info.retransmits, info.unacked, info.backoff),
            ("ESTABLISHED", 4, 1, 4), "TCP_INFO")
    t.equal(run.call("queues").send_q, 100, "the send queue")
    t.equal([s.reason for s in run.sent(fate="sent")], ["syn-ack"], "what left")


@test
def silent_after_handshake_tail_loss_probe(t):
    t.check(t.kernel.number("tcp_early_retrans") in (3, 4), "this test is about tail loss probes")
    run = t.passed(t.run("silent-after-handshake",
                         t.probe("connect", "info", "send=100", "until=2500ms", "linger0", "close")))
    data = run.received("data")
    t.near_all(since(data, data[0]), t.kernel.data(4, run.rto, tail_loss_probe=True), "transmissions")


@test
def silent_after_handshake_gives_up(t):
    sysctls = {**NO_PROBE, "net.ipv4.tcp_retries2": 1}
    run = t.passed(t.run("silent-after-handshake",
                         t.probe("connect", "info", "send=100", "recv", "recv", "send=1"),
                         sysctls=sysctls))
    end, sent = t.kernel.with_values(sysctls).data_give_up(rto=run.rto)
    t.errno(run.call("recv", 0), "ETIMEDOUT")
    t.near(run.call("recv", 0).took, end, "the time until ETIMEDOUT")
    t.result(run.call("recv", 1), 0)
    t.errno(run.call("send", 1), "EPIPE")
    t.equal(len(run.received("data")), sent, "transmissions")
    t.equal(run.received(["fin", "rst"]), [], "a connection that times out goes without FIN or RST")


@test
def silent_after_handshake_user_timeout(t):
    run = t.passed(t.run("silent-after-handshake",
                         t.probe("user_timeout=1s", "connect", "info", "send=100", "recv"),
                         sysctls=NO_PROBE))
    t.errno(run.call("recv"), "ETIMEDOUT")
    t.near(run.call("recv").took, t.kernel.user_timeout(1.0, run.rto), "the time until ETIMEDOUT")


@test
def silent_after_handshake_writing_on(t):
    run = t.passed(t.run("silent-after-handshake",
                         t.probe("user_timeout=1500ms", "nodelay", "connect",
                                 "loop-send=10,100ms", "send=10", "recv"), sysctls=NO_PROBE))
    sends = run.calls("send")
    t.errno(sends[-2], "ETIMEDOUT")
    t.errno(sends[-1], "EPIPE")
    t.result(run.call("recv"), 0)
    t.check({s.result for s in sends[:-2]} == {10}, "writes succeed until the time-out")


@test
def silent_after_handshake_reader_waits(t):
    t.need("curl")
    run = t.passed(t.run("silent-after-handshake", ["curl", "-sS", "--max-time", "1", URL]),
                   status=28)
    t.equal(len(run.sent()), 1, "segments that left")


@test
def silent_after_bytes_acknowledges_then_dies(t):
    run = t.passed(t.run("silent-after-bytes",
                         t.probe("nodelay", "connect", "info", "send=100", "sleep=200ms", "queues",
                                 "send=50", "sleep=1s", "queues", "linger0", "close"),
                         sets={"bytes": 100}, sysctls=NO_PROBE))
    t.equal([c.send_q for c in run.calls("queues")], [0, 50], "send queues")
    data = run.received("data")
    t.equal(data[0].fate, "accepted", "fate of the first data")
    t.equal([s.len for s in data], [100, 50, 50, 50], "lengths")
    t.near_all(since(data[1:], data[1]), t.kernel.data(2, run.rto), "transmissions after the silence")
    t.equal({(s.fate, s.rule_name) for s in data[1:]}, {("dropped", "silent-after-bytes")},
            "fates of the rest")
    t.equal(len(run.sent("ack", fate="sent")), 1, "acknowledgements")


@test
def silent_after_bytes_curl(t):
    t.need("curl")
    run = t.passed(t.run("silent-after-bytes", ["curl", "-sS", "--max-time", "1", URL]), status=28)
    t.equal(run.events("rule")[0].action, "blackhole", "the action")


@test
def acks_lost_grows_the_send_queue(t):
    run = t.passed(t.run("acks-lost",
                         t.probe("nodelay", "connect", "send=10", "send=10", "send=10", "queues",
                                 "until=900ms", "info", "linger0", "close"), sysctls=NO_PROBE))
    t.equal(run.call("queues").send_q, 30, "the send queue")
    data = run.received("data")
    t.equal({s.fate for s in data}, {"accepted"}, "the peer gets the data")
    t.equal([(s.seq, s.len) for s in data[:3]], [(1, 10), (11, 10), (21, 10)],
            "with TCP_NODELAY each write is a segment")
    acks = run.sent(["ack", "duplicate-ack"])
    t.check(len(acks) >= 4, f"the peer acknowledged {len(acks)} times")
    t.equal({(s.fate, s.rule_name) for s in acks}, {("dropped", "acks-lost")}, "fates of the ACKs")
    t.check(any(s.ack == 31 for s in acks), "the peer read all 30 bytes")
    t.check(run.call("TCP_INFO").retransmits >= 1, "the program retransmits")


@test
def acks_lost_nagle_coalesces(t):
    run = t.passed(t.run("acks-lost",
                         t.probe("connect", "send=10", "send=10", "send=10", "queues",
                                 "until=900ms", "linger0", "close"), sysctls=NO_PROBE))
    t.equal(run.call("queues").send_q, 30, "the send queue")
    first = run.received("data", retransmission=None)
    # RFC 1122, 4.2.3.4: while data is unacknowledged, small segments wait.
    t.equal([(s.seq, s.len) for s in first], [(1, 10)], "new data on the wire")


@test
def acks_lost_times_out_though_all_was_read(t):
    run = t.passed(t.run("acks-lost", t.probe("user_timeout=1s", "connect", "info", "send=10", "recv"),
                         sysctls=NO_PROBE))
    t.errno(run.call("recv"), "ETIMEDOUT")
    t.near(run.call("recv").took, t.kernel.user_timeout(1.0, run.rto), "the time until ETIMEDOUT")


@test
def nat_timeout_forgets_the_idle(t):
    run = t.passed(t.run("nat-timeout",
                         t.probe("connect", "info", "send=10", "sleep=200ms", "queues", "sleep=800ms",
                                 "send=10", "sleep=1s", "queues", "linger0", "close"),
                         sets={"idle": "500ms"}, sysctls=NO_PROBE))
    t.equal([c.send_q for c in run.calls("queues")], [0, 10], "send queues")
    blackhole = run.events("rule", action="blackhole")[0]
    last = [s for s in run.segments() if s.t < blackhole.t][-1]
    t.near(blackhole.t - last.t, 0.5, "the idle time")
    data = run.received("data")
    t.equal([s.fate for s in data], ["accepted"] + ["dropped"] * 3, "fates")
    t.near_all(since(data[1:], data[1]), t.kernel.data(2, run.rto), "transmissions after it")


@test
def nat_timeout_is_prevented_by_keepalive(t):
    run = t.run("nat-timeout", t.probe("keepalive=1,1,5", "connect", "sleep=3500ms", "send=10",
                                       "sleep=100ms", "queues", "close"), sets={"idle": "2s"})
    t.equal(run.call("queues").send_q, 0, "the send queue")
    t.check(len(run.received("keepalive-probe")) >= 3, "keepalive probes")
    t.check(len(run.sent("keepalive-reply")) >= 3, "answers to keepalive probes")
    # The fault was never injected, and the run says so.
    t.equal(run.status, 123, "exit status")
    t.equal(run.verdict["pass"], False, "the verdict")
    t.contains(" ".join(run.verdict.failures), "nat-timeout", "the failures")


@test
def paused_host_goes_on(t):
    run = t.passed(t.run("paused-host", t.probe("nodelay", "connect", "send=10", "sleep=100ms",
                                                "info", "send=10", "sleep=2s", "queues",
                                                "so_error")))
    lost = run.received("data", fate="dropped")
    taken = run.received("data", fate="accepted")[1]
    t.near_all([s.t - lost[0].t for s in [*lost, taken]],
               t.kernel.data(len(lost), run.rto, tail_loss_probe=True), "transmissions")
    revived = run.events("rule", action="revive")[0]
    t.check(lost[-1].t < revived.t < taken.t, "the first segment after the pause has to arrive")
    t.equal((run.call("queues").send_q, run.call("SO_ERROR").error), (0, "0"), "queue and error")


@test
def uplink_lost(t):
    run = t.passed(t.run("uplink-lost", t.probe("user_timeout=800ms", "connect", "send=10",
                                                "sleep=1300ms", "recv", "recv")))
    # What came before the timeout can be read, then comes the error.
    t.check((run.call("recv", 0).result or 0) > 200, "bytes that kept coming")
    t.errno(run.call("recv", 1), "ETIMEDOUT")
    t.equal({s.fate for s in run.received()[2:]}, {"dropped"}, "fates of the program's segments")
    dsacks = [s for s in run.received("ack") if (s.options or {}).get("sack")]
    left, right = dsacks[0].options["sack"][0]
    t.check(left == 1 and right <= dsacks[0].ack, "a block below the acknowledgement number")


@test
def answers_nothing(t):
    run = t.passed(t.run("answers-nothing", t.probe(
        "keepalive=1,1,2", "user_timeout=500ms", "connect", "send=1000", "poll=in,2500ms", "info",
        "queues")))
    t.result(run.call("poll"), 0)
    info = run.call("TCP_INFO")
    t.equal((info.state, info.unacked, info.total_retrans), ("ESTABLISHED", 0, 0), "the connection")
    t.equal(run.call("queues").send_q, 0, "the send queue")
    t.equal(run.sent("data"), [], "data that left")
    t.check(run.sent("keepalive-reply"), "keepalive has to be answered")


@test
def answers_nothing_curl(t):
    t.need("curl")
    run = t.passed(t.run("answers-nothing", ["curl", "-sS", "--max-time", "1",
                                             f"http://{HOST}:8080/"]), status=28)
    t.check(run.sent("ack"), "the request has to be acknowledged")
