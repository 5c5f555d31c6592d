"""The peer is the client: handshakes that break off, cross or wait, and the server's options."""

import schedule
from harness import since, test
from test_client_role import PORT, REQUEST, dialled, serve, sockets


# Withheld handshakes -----------------------------------------------------------------------------


@test
def last_ack_lost(t):
    """Experiment 6: SYN-RECV until the data comes, then ESTAB with Recv-Q 11."""
    run = t.passed(dialled(t, "last-ack-lost",
                           serve(t, "listen=1", "until=1900ms", "queues", "until=2800ms", "queues",
                                 "accept", "queues", "recv"),
                           "--sockets", sets={"after": "2200ms"}))
    answers = run.received("syn-ack")
    t.near_all(since(answers, answers[0]), [0.0, 1.0], "SYN-ACKs")
    acks = run.sent("handshake-ack")
    t.equal({s.fate for s in acks}, {"dropped"}, "fates of the handshake's ACKs")
    t.equal(len(acks), 2, "ACKs: one for each SYN-ACK")
    t.equal([c.recv_q for c in run.calls("queues")], [0, 1, 11], "queues of the server")
    t.result(run.call("recv"), 11)
    waiting, open_ = sockets(run, "SYN-RECV"), sockets(run, "ESTAB")
    t.check(waiting and open_, "both states have to be seen")
    data = run.sent("data")[0]
    t.check(open_[0].t >= data.t, "ESTAB before the data")
    t.equal(open_[-1].recv_q, 11, "Recv-Q as the kernel says it")


@test
def last_ack_lost_for_good(t):
    sysctls = t.sysctls_for(tcp_synack_retries=1)
    run = t.passed(dialled(t, "last-ack-lost",
                           serve(t, "listen=1", "nonblock", "until=4500ms", "accept", "queues"),
                           sysctls=sysctls, sets={"after": "4s"}))
    # The request is gone 3 s after the SYN; the data meets a listener.
    t.errno(run.call("accept"), "EAGAIN")
    t.equal(run.received("rst")[0].seq, 1, "the RST has the number that the data acknowledges")


@test
def syn_and_silence(t):
    """Experiment 5, with a schedule that is short."""
    retries = 1
    times, end = t.kernel.syn_acks(retries)
    run = t.passed(dialled(t, "syn-and-silence",
                           serve(t, "listen=1", "user_timeout=500ms", "nonblock", "until=4s",
                                 "accept", "queues"),
                           "--sockets", sysctls=t.sysctls_for(tcp_synack_retries=retries)))
    answers = run.received("syn-ack")
    t.near_all(since(answers, answers[0]), times, "SYN-ACKs")
    t.equal({s.fate for s in answers}, {"dropped"}, "fates")
    t.equal((run.received("rst"), run.received("fin")), ([], []), "what else came")
    t.equal(len(run.sent("syn", fate="sent")), 1, "SYNs")
    t.errno(run.call("accept"), "EAGAIN")
    waiting = sockets(run, "SYN-RECV")
    t.equal(max(s.retries or 0 for s in waiting), retries, "retries in SYN-RECV")
    gone = run.events("socket", state=lambda s: s not in ("SYN-RECV", "LISTEN"))
    t.check(gone, "SYN-RECV has to go")
    # The watcher looks every 100 ms.
    t.check(end - 0.2 <= gone[0].t - answers[0].t <= schedule.bounds(end)[1] + 0.3,
            f"SYN-RECV went after {gone[0].t - answers[0].t:.3f} s, expected {end} s")


@test
def data_in_the_handshake_ack(t):
    run = t.passed(dialled(t, "data-in-handshake-ack",
                           serve(t, "listen=1", "accept", "nonblock", "recv", "block",
                                 "send-text=ok", "close"), sets={"text": "hello"}))
    t.equal([s.reason for s in run.sent()][:3], ["syn", "data", "fin"], "what left")
    t.equal(run.sent("handshake-ack"), [], "bare ACKs")
    t.result(run.call("recv"), 5)
    t.equal(sum(s.len for s in run.received() if s.fate == "accepted"), 2, "the answer's bytes")


# Both at once ------------------------------------------------------------------------------------


@test
def simultaneous_open(t):
    run = t.passed(t.run("simultaneous-open",
                         t.probe("connect", "info", f"send-text={REQUEST}", "poll=in,5s", "recv",
                                 "close")))
    t.result(run.call("connect"), 0)
    t.equal(run.call("TCP_INFO").state, "ESTABLISHED", "state")
    t.equal(run.call("TCP_INFO").options & 7, 7, "options that both agreed to")
    t.check(run.call("recv").result > 0, "an answer has to come")
    syns = run.received("syn")
    t.equal(syns[0].fate, "dropped", "fate of the program's SYN")
    t.equal(run.received("syn-ack")[0].ack, 1, "the program's SYN-ACK")
    t.equal([s.reason for s in run.sent()][:2], ["syn", "handshake-ack"], "what left")
    t.equal(run.sent("syn-ack"), [], "SYN-ACKs of the peer")
    t.check(run.call("connect").took < 0.5, "the peer's SYN completes connect() at once")


@test
def simultaneous_open_with_both_syns(t):
    # Both SYNs arrive: both ends go through SYN-RECEIVED. Kernels before 6.12 answer the SYN-ACK
    # with a challenge ACK (RFC 5961), others take it; either way both are connected.
    profile = t.profile("""
        extends: healthy
        rules:
          - {on: start, do: connect}
        """)
    run = t.passed(t.run(profile, t.probe("connect", f"send-text={REQUEST}", "poll=in,5s", "recv",
                                  "close")))
    t.result(run.call("connect"), 0)
    t.check(run.call("recv").result > 0, "an answer has to come")
    t.equal([s.reason for s in run.sent()][:2], ["syn", "syn-ack"], "what left")
    states = [e.to for e in run.events("state")]
    t.equal(states[:3], ["syn-sent", "syn-received", "established"], "states")
    t.check(run.call("connect").took < 0.5, "no retransmission may be needed")


@test
def simultaneous_close_of_a_client(t):
    profile = t.profile(f"""
        extends: simultaneous-close
        role: client
        client: {{port: {PORT}}}
        """)
    run = t.passed(t.run(profile, serve(t, "listen=1", "accept", "shutdown", "sleep=100ms", "info",
                                        "poll=in,5s", "recv", "close", "sleep=400ms")))
    t.equal(run.call("TCP_INFO").state, "CLOSING", "the state while one FIN is lost")
    t.result(run.call("recv"), 0)
    t.equal(run.events("state")[-1].to, "time-wait", "the peer's last state")


# Servers' options --------------------------------------------------------------------------------


@test
def defer_accept_until_data(t):
    """Experiment 7, data in time: SYN-RECV until it comes, and no SYN-ACK is repeated."""
    run = t.passed(dialled(t, "deferred-data",
                           serve(t, "defer-accept=10", "listen=1", "until=2s", "queues", "accept",
                                 "queues", "recv"),
                           "--sockets", sets={"after": "2500ms"}))
    t.equal(len(run.received("syn-ack")), 1, "SYN-ACKs")
    t.equal(run.sent("handshake-ack")[0].fate, "sent", "fate of the third segment")
    t.equal([c.recv_q for c in run.calls("queues")], [0, 11], "queues of listener and connection")
    accept, data = run.call("accept"), run.sent("data")[0]
    t.check(sockets(run, "SYN-RECV"), "SYN-RECV has to be seen")
    t.check(all(s.t >= data.t for s in sockets(run, "ESTAB")), "ESTAB before the data")
    t.check(accept.took > 0.2, "accept() has to wait for the data")
    t.result(run.call("recv"), 11)


@test
def defer_accept_gives_up_waiting(t):
    """Experiment 7, data too late: one SYN-ACK goes again, and then accept() returns without."""
    run = t.passed(dialled(t, "deferred-data",
                           serve(t, "defer-accept=1", "listen=1", "accept", "queues", "recv"),
                           sets={"after": "2500ms"}))
    answers = run.received("syn-ack")
    # One period, the least that there is: secs_to_retrans() of 1 s.
    t.near_all(since(answers, answers[0]), [0.0, 1.0], "SYN-ACKs")
    t.equal(run.call("queues").recv_q, 0, "bytes when accept() returned")
    t.near(run.call("recv").took, 1.5, "the time until the data came")


@test
def accept_queue(t):
    """Experiment 24: LISTEN's Recv-Q counts connections, Send-Q is the backlog."""
    run = t.passed(dialled(t, "many-connections",
                           serve(t, "listen=1", "until=800ms", "queues", "accept", "listener",
                                 "queues"), sets={"connections": 5}))
    full, one_taken = run.calls("queues")
    t.equal((full.recv_q, full.send_q), (2, 1), "queues: backlog and one more")
    t.equal((one_taken.recv_q, one_taken.send_q), (1, 1), "queues after accept()")
    t.equal(len(run.events("attempt")), 5, "attempts")


@test
def a_server_loses_a_silent_client_by_keepalive(t):
    """Experiment 9: the server reads ETIMEDOUT and sends RST."""
    profile = t.profile("""
        summary: Sends a line and is silent from then on.
        role: client
        rules:
          - {on: enter established, do: {say: "hello\\n"}}
          - {on: sent 6, do: blackhole}
        """)
    run = dialled(t, profile, serve(t, "listen=1", "accept", "keepalive=1,1,2", "recv", "recv",
                                    "recv"))
    probes, end = schedule.Kernel.keepalive(1, 1, 2)
    t.passed(run)
    t.result(run.call("recv", 0), 6)
    t.errno(run.call("recv", 1), "ETIMEDOUT")
    t.result(run.call("recv", 2), 0)
    data = run.sent("data")[0]
    t.near_all(since(run.received("keepalive-probe"), data), probes, "probes")
    t.near(run.received("rst")[0].t - data.t, end, "the RST")
