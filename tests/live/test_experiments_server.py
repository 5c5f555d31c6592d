"""The published experiments in which the program is a server and the peer its client, shortened, on
this machine's kernel."""

import schedule
from experiments import experiment, sockets, states, waiting
from harness import since, test
from test_client_role import PORT, serve

DIALLED = ["--port", str(PORT)]


# 5: syn-recv -------------------------------------------------------------------------------------


def forgotten(t, *options):
    times, end = t.kernel.syn_acks(1)
    run = experiment(t, "syn-recv-abandoned",
                     serve(t, *options, "listen=1", "nonblock", "until=3800ms", "accept",
                           "sleep=60s"),
                     *DIALLED, sysctls=t.sysctls_for(tcp_synack_retries=1),
                     sets={"watch": "4500ms", "synacks": 2})
    answers = run.received("syn-ack")
    t.near_all(since(answers, answers[0]), times, "SYN-ACKs")
    t.errno(run.call("accept"), "EAGAIN")
    t.equal(waiting(run, "SYN-RECV", "on"), 1, "retries in SYN-RECV")
    gone = sockets(run, "GONE")[0].t - answers[0].t
    t.check(end - 0.3 <= gone <= schedule.bounds(end)[1] + 0.3,
            f"SYN-RECV went after {gone:.3f} s, expected {end} s")


@test
def syn_recv(t):
    forgotten(t)


@test
def syn_recv_user_timeout(t):
    """TCP_USER_TIMEOUT of the listening socket is without effect."""
    forgotten(t, "user_timeout=2s")


# 6: last ACK lost --------------------------------------------------------------------------------


@test
def last_ack_lost(t):
    """The server listens, and does not accept until it has seen both states."""
    run = experiment(t, "client-ack-lost",
                     serve(t, "listen=1", "until=1900ms", "queues", "until=3s", "queues", "accept",
                           "queues"), *DIALLED, sets={"after": "2200ms"})
    answers = run.received("syn-ack")
    t.near_all(since(answers, answers[0]), t.kernel.syn_acks(1)[0], "SYN-ACKs")
    t.equal([c.recv_q for c in run.calls("queues")], [0, 1, 11], "queues of the server")
    waiting(run, "SYN-RECV", "on")
    data = run.sent("data")[0]
    t.check(all(v.t >= data.t for v in sockets(run, "ESTAB")), "ESTAB before the data")
    t.equal(max(v.recv_q for v in sockets(run, "ESTAB")), 11, "Recv-Q as the kernel says it")


# 7: defer accept ---------------------------------------------------------------------------------


@test
def defer_accept(t):
    run = experiment(t, "client-speaks-late",
                     serve(t, "defer-accept=10", "listen=1", "accept", "queues", "recv"), *DIALLED,
                     sets={"after": "2500ms"})
    t.near(run.sent("data")[0].t - run.sent("handshake-ack")[0].t, 2.5, "the data")
    t.equal(run.call("queues").recv_q, 11, "Recv-Q when accept() returns")
    t.check("SYN-RECV" in states(run), f"states {states(run)}")
    t.check(all(v.t >= run.sent("data")[0].t for v in sockets(run, "ESTAB")),
            "ESTAB before the data")


@test
def defer_accept_gives_up_waiting(t):
    run = experiment(t, "client-speaks-late",
                     serve(t, "defer-accept=1", "listen=1", "accept", "queues", "recv"), *DIALLED,
                     sets={"after": "2500ms", "synacks": 2})
    answers = run.received("syn-ack")
    t.near_all(since(answers, answers[0]), [0.0, t.kernel.deferred_syn_ack(1)], "SYN-ACKs")
    t.equal(run.call("queues").recv_q, 0, "Recv-Q when accept() returns")
    t.result(run.call("recv"), 11)


# 9: server side keepalive ------------------------------------------------------------------------


@test
def server_side_keepalive(t):
    probes, end = t.kernel.keepalive(2, 1, 2)
    run = experiment(t, "client-vanishes",
                     serve(t, "listen=1", "accept", "keepalive=2,1,2", "recv", "recv", "recv",
                           "send=1"), *DIALLED,
                     sets={"idle": 2, "interval": 1, "probes": 2})
    t.result(run.call("recv", 0), 6)
    t.errno(run.call("recv", 1), "ETIMEDOUT")
    t.result(run.call("recv", 2), 0)
    t.errno(run.call("send"), "EPIPE")
    data = run.sent("data")[0]
    t.near_all(since(run.received("keepalive-probe"), data), probes, "probes")
    t.near(run.received("rst")[0].t - data.t, end, "the RST")
    # The client is alive and believes the RST: its program would read ECONNRESET.
    t.equal(run.received("rst")[0].fate, "accepted", "the fate of the RST")
    t.equal(run.events("state")[-1].to, "closed", "the client's state")


# 24: accept queue --------------------------------------------------------------------------------


@test
def accept_queue(t):
    run = experiment(t, "client-crowd",
                     serve(t, "listen=1", "until=2500ms", "queues", "accept", "listener",
                           "queues"), *DIALLED, sets={"connections": 6})
    full, one_taken = run.calls("queues")
    t.equal((full.recv_q, full.send_q), (2, 1), "LISTEN's Recv-Q and Send-Q")
    t.equal((one_taken.recv_q, one_taken.send_q), (1, 1), "queues after accept()")
