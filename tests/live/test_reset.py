"""RST at every moment: reset-on-accept, reset-on-data, reset-after-bytes, fin-then-reset,
reset-with-unread-data, rebooted."""

from harness import HOST, SIGNALS, signal_status, test

URL = f"http://{HOST}:8080/"


@test
def reset_on_accept(t):
    run = t.passed(t.run("reset-on-accept", t.probe("connect", "recv", "recv", "send=1", "so_error"),
                         sets={"after": "100ms"}))
    t.result(run.call("connect"), 0)
    t.errno(run.call("recv", 0), "ECONNRESET")
    established = [s for s in run.events("state") if s.to == "established"][0]
    t.near(run.sent("rst")[0].t - established.t, 0.1, "the time until RST")
    t.result(run.call("recv", 1), 0)
    t.errno(run.call("send"), "EPIPE")
    rst = run.sent("rst")[0]
    t.equal((rst.seq, rst.ack), (1, 1), "numbers of the RST")
    t.equal(run.events("rule")[0].action, "reset", "the action")
    t.equal(run.events("state")[-1].to, "closed", "the peer's last state")


@test
def reset_on_accept_at_once(t):
    # The RST may be faster than connect()'s return, which then reports it.
    run = t.passed(t.run("reset-on-accept", t.probe("connect", "recv"), sets={"after": "0ms"}))
    connect = run.call("connect")
    t.check(connect.errno in (None, "ECONNRESET"), f"connect() ended with {connect.errno}")
    if connect.errno is None:
        t.errno(run.call("recv"), "ECONNRESET")


@test
def reset_on_accept_curl(t):
    t.need("curl")
    run = t.run("reset-on-accept", ["curl", "-sS", URL])
    # 7 where the RST comes before curl has looked at its socket
    t.check(run.status in (7, 55, 56), f"curl's exit status is {run.status}")
    t.check(run.sent("rst"), "the peer has to send RST")


@test
def reset_on_data(t):
    run = t.passed(t.run("reset-on-data", t.probe("connect", "send=100", "recv", "recv", "send=1")))
    t.result(run.call("send", 0), 100)
    t.errno(run.call("recv", 0), "ECONNRESET")
    t.result(run.call("recv", 1), 0)
    t.errno(run.call("send", 1), "EPIPE")
    t.equal([s.reason for s in run.sent()], ["syn-ack", "rst"], "what left")
    rst = run.sent("rst")[0]
    t.equal(rst.seq, 1, "the RST's number")


@test
def reset_on_data_sigpipe(t):
    run = t.run("reset-on-data", t.probe("connect", "write=100", "recv", "write=1"))
    t.errno(run.call("recv"), "ECONNRESET")
    t.equal(len(run.calls("write")), 1, "writes that returned")
    t.equal(run.status, signal_status(SIGNALS.SIGPIPE), "exit status")


@test
def reset_on_data_curl(t):
    t.need("curl")
    run = t.passed(t.run("reset-on-data", ["curl", "-sS", URL]), status=56)
    t.contains(run.errors, "reset by peer", "curl's message")


@test
def reset_after_bytes(t):
    run = t.passed(t.run("reset-after-bytes",
                         t.probe("nodelay", "connect", "send=600", "sleep=100ms", "so_error",
                                 "send=600", "sleep=100ms", "recv", "send=1"),
                         sets={"bytes": 1000}))
    t.equal(run.call("SO_ERROR").error, "0", "the error before the limit")
    t.result(run.call("send", 1), 600)
    t.errno(run.call("recv"), "ECONNRESET")
    t.errno(run.call("send", 2), "EPIPE")
    rst = run.sent("rst")[0]
    t.equal(rst.ack, 1201, "bytes that the RST acknowledges, and the SYN")
    t.equal([s.reason for s in run.sent()][:2], ["syn-ack", "ack"], "what left before")


@test
def reset_after_bytes_needs_the_bytes(t):
    run = t.run("reset-after-bytes", t.probe("connect", "send=999", "sleep=100ms", "close"),
                sets={"bytes": "1000"})
    t.equal(run.status, 123, "exit status")
    t.contains(run.trace, "999", "the verdict (what came closest)")


@test
def fin_then_reset(t):
    run = t.passed(t.run("fin-then-reset",
                         t.probe("connect", "poll=in,5s", "info", "send=10", "sleep=100ms", "send=10",
                                 "recv")))
    t.contains(run.call("poll").revents, "POLLRDHUP", "revents")
    t.equal(run.call("TCP_INFO").state, "CLOSE-WAIT", "state")
    t.result(run.call("send", 0), 10)
    t.errno(run.call("send", 1), "EPIPE")
    t.result(run.call("recv"), 0)
    t.equal([s.reason for s in run.sent()], ["syn-ack", "fin", "rst"], "what left")


@test
def fin_then_reset_sigpipe(t):
    run = t.run("fin-then-reset", t.probe("connect", "poll=in,5s", "write=10", "sleep=100ms",
                                          "write=10", "recv"))
    t.equal([c.result for c in run.calls("write")], [10], "writes that returned")
    t.equal(run.status, signal_status(SIGNALS.SIGPIPE), "exit status")


@test
def fin_then_reset_at_close_with_unread_data(t):
    # shutdown() first, then close() with unread data: RST after FIN.
    profile = t.profile("""
        summary: Finishes, then closes with data unread.
        service: hold
        rules:
          - on: enter established
            do: shutdown
          - on: received 1
            do: close
    """)
    run = t.passed(t.run(profile, t.probe("connect", "poll=in,5s", "send=10", "sleep=100ms",
                                          "send=10", "recv")))
    t.result(run.call("send", 0), 10)
    t.errno(run.call("send", 1), "EPIPE")
    t.result(run.call("recv"), 0)
    t.equal(run.sent()[-1].reason, "rst", "the last segment")


@test
def fin_then_reset_curl(t):
    t.need("curl")
    run = t.run("fin-then-reset", ["curl", "-sS", URL])
    t.check(run.status in (52, 55, 56), f"curl's exit status is {run.status}")


@test
def reset_with_unread_data(t):
    run = t.passed(t.run("reset-with-unread-data",
                         t.probe("connect", "send=10", "recv", "send=10", "recv")))
    t.result(run.call("send", 0), 10)
    t.errno(run.call("recv", 0), "ECONNRESET")
    t.errno(run.call("send", 1), "EPIPE")
    t.result(run.call("recv", 1), 0)
    t.equal(run.sent("fin"), [], "FINs that left")
    rst = run.sent("rst")[0]
    t.equal(rst.ack, 11, "the RST acknowledges what its kernel had")


@test
def reset_with_unread_data_write_first(t):
    run = t.passed(t.run("reset-with-unread-data",
                         t.probe("connect", "send=10", "sleep=100ms", "send=10", "send=10", "recv")))
    t.errno(run.call("send", 1), "ECONNRESET")
    t.errno(run.call("send", 2), "EPIPE")
    t.result(run.call("recv"), 0)


@test
def rebooted_is_silent_until_written_to(t):
    run = t.passed(t.run("rebooted", t.probe("connect", "send=10", "poll=in,500ms", "send=10",
                                             "recv", "send=1")))
    t.result(run.call("poll"), 0)
    t.errno(run.call("recv"), "ECONNRESET")
    t.errno(run.call("send", 2), "EPIPE")
    forget = run.events("rule", action="forget")[0]
    second = run.received("data")[1]
    t.check(second.t > forget.t, "the second write has to come after the reboot")
    rst = run.sent("rst")[0]
    # RFC 9293, 3.10.7.1: <SEQ=SEG.ACK><CTL=RST>; no SYN-ACK, no ACK flag.
    t.equal((rst.flags, rst.raw_seq), ("R", second.raw_ack), "the RST")


@test
def rebooted_is_found_by_keepalive(t):
    run = t.passed(t.run("rebooted", t.probe("keepalive=1,1,3", "connect", "send=10", "recv")))
    t.errno(run.call("recv"), "ECONNRESET")
    probe = run.received("keepalive-probe") or run.received("ack")[-1:]
    t.check(probe, "a keepalive probe")
    t.near(run.call("recv").took, 1.0, "the time until the first probe is answered by RST")


@test
def rebooted_serves_new_connections(t):
    run = t.passed(t.run("rebooted", t.probe("connect", "send=10", "sleep=300ms", "send=1",
                                             "sleep=100ms", "so_error", "close", "connect",
                                             "send=5", "sleep=50ms", "info", "close")))
    t.equal(run.call("SO_ERROR").error, "ECONNRESET", "the old connection")
    t.result(run.call("connect", 1), 0)
    t.equal(run.call("TCP_INFO").state, "ESTABLISHED", "the new connection")


@test
def reset_on_fin_after_shutdown(t):
    run = t.passed(t.run("reset-on-fin", t.probe("connect", "shutdown", "recv", "recv", "send=1")))
    t.errno(run.call("recv", 0), "ECONNRESET")
    t.result(run.call("recv", 1), 0)
    t.errno(run.call("send"), "EPIPE")
    t.equal([s.reason for s in run.sent()], ["syn-ack", "rst"], "what left")


@test
def reset_on_fin_after_close(t):
    run = t.passed(t.run("reset-on-fin", t.probe("connect", "send=10", "close", "sleep=100ms")))
    t.result(run.call("close"), 0)
    t.equal(len(run.received("fin")), 1, "FINs: an orphan that is reset does not try again")
    t.equal(run.sent()[-1].reason, "rst", "the answer to the FIN")


@test
def reset_mid_response(t):
    run = t.passed(t.run("reset-mid-response", t.probe("connect", "send=10", "poll=in,5s", "recv",
                                                       "recv", "recv")))
    sent = sum(s.len for s in run.sent("data"))
    t.result(run.call("recv", 0), sent)
    t.errno(run.call("recv", 1), "ECONNRESET")
    t.result(run.call("recv", 2), 0)


@test
def reset_mid_response_and_a_slow_reader(t):
    # What had arrived before the RST can still be read on this kernel: the data first, then the
    # error.
    run = t.passed(t.run("reset-mid-response", t.probe("connect", "send=10", "sleep=300ms", "recv",
                                                       "recv")))
    t.result(run.call("recv", 0), sum(s.len for s in run.sent("data")))
    t.errno(run.call("recv", 1), "ECONNRESET")


@test
def reset_mid_response_curl(t):
    t.need("curl")
    run = t.passed(t.run("reset-mid-response", ["curl", "-sS", URL]), status=56)
    t.contains(run.errors, "reset by peer", "curl's message")


@test
def idle_reset(t):
    run = t.passed(t.run("idle-reset", t.probe("connect", "poll=in,5s", "recv", "send=1")))
    t.near(run.call("poll").took, 1.0, "the time until the RST")
    t.contains(run.call("poll").revents, "POLLERR|POLLHUP", "revents")
    t.errno(run.call("recv"), "ECONNRESET")
    t.errno(run.call("send"), "EPIPE")


@test
def idle_reset_is_kept_away_by_keepalive(t):
    run = t.run("idle-reset", t.probe("keepalive=1,1,3", "connect", "sleep=2500ms", "so_error"),
                sets={"idle": "1500ms"})
    t.equal(run.status, 123, "exit status: the rule has to stay unfired")
    t.equal(run.call("SO_ERROR").error, "0", "the socket's error")
    t.equal(len(run.received("keepalive-probe")), 2, "probes")
