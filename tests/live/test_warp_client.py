"""The peer is the client, with a server's default timeouts in full length (--warp)."""

from harness import since, test
from warp_support import guest, warp


def serve(t, profile, *steps, **more):
    """The probe as a server that the peer dials."""
    return t.passed(warp(t, profile, t.probe("bind", *steps, address="0.0.0.0"), "--port", "8080",
                         "--sockets", **more))


def states(run):
    return run.events("socket", state=lambda state: state != "LISTEN")


@test
def experiment_5_syn_recv(t):
    times, end = guest(t).syn_acks()
    run = serve(t, "syn-and-silence", "user_timeout=5s", "listen=1", "nonblock", "until=80s",
                "accept", sets={"watch": "2m"})
    answers = run.received("syn-ack")
    t.near_all(since(answers, answers[0]), times, "SYN-ACKs")
    t.equal({s.kind for s in run.received()}, {"syn-ack"}, "what came: no FIN, no RST")
    t.errno(run.call("accept"), "EAGAIN")
    gone = [s for s in states(run) if s.state != "SYN-RECV"]
    t.near(gone[0].t - answers[0].t, end, "the end of SYN-RECV")


@test
def experiment_6_last_ack_lost(t):
    run = serve(t, "last-ack-lost", "listen=1", "until=7s", "queues", "until=10s", "queues",
                "accept", "queues", "recv")
    answers = run.received("syn-ack")
    t.near_all(since(answers, answers[0]), [at for at in guest(t).syn_acks()[0] if at < 8],
               "SYN-ACKs")
    t.equal([c.recv_q for c in run.calls("queues")], [0, 1, 11], "queues")
    data = run.sent("data")[0]
    t.near(data.t - answers[0].t, 8.0, "the data")
    open_ = [s for s in states(run) if s.state == "ESTAB"]
    t.check(open_[0].t >= data.t, "ESTAB before the data")
    t.equal(open_[0].recv_q, 11, "Recv-Q")


@test
def experiment_7_defer_accept(t):
    for after, accepted_at in ((8.0, 8.0), (25.0, guest(t).deferred_syn_ack(10))):
        run = serve(t, "deferred-data", "defer-accept=10", "listen=1", "accept", "queues", "recv",
                    sets={"after": f"{after:.0f}s"})
        answers = run.received("syn-ack")
        in_time = after == accepted_at
        t.near_all(since(answers, answers[0]), [0.0] if in_time else [0.0, accepted_at],
                   f"SYN-ACKs, data after {after} s")
        t.near(run.call("accept").took, accepted_at, f"accept(), data after {after} s")
        t.equal(run.call("queues").recv_q, 11 if in_time else 0, "bytes when accept() returned")
        t.result(run.call("recv"), 11)
