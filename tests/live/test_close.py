"""Both sides' ends: never-closes, fin-ignored, truncated-response, and closing in every order."""

from harness import HOST, PEER, TABLE, since, test

URL = f"http://{HOST}:8080/"

# Prints how long the kernel keeps the socket in which state after close().
WATCH = """
    import socket, sys, time
    s = socket.create_connection(("{peer}", 8080))
    port = s.getsockname()[1]
    rto = int.from_bytes(s.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 12)[8:12], sys.byteorder)
    s.send(b"x")
    {how}
    started = time.monotonic()
    def state():
        for line in open("{table}").readlines()[1:]:
            fields = line.split()
            if int(fields[1].split(":")[1], 16) == port:
                return int(fields[3], 16)
        return 0
    seen = []
    while time.monotonic() - started < {limit}:
        now = state()
        if not seen or seen[-1][0] != now:
            seen.append((now, time.monotonic() - started))
        if now == 0:
            break
        time.sleep(0.01)
    for number, at in seen:
        print(number, round(at, 3), rto / 1e6)
"""
FIN_WAIT_1, FIN_WAIT_2, TIME_WAIT, GONE = 4, 5, 6, 0


def watch(t, how, limit):
    return t.python(WATCH.format(peer=PEER, table=TABLE, how=how, limit=limit))


def seen_states(run):
    return [(int(a), float(b)) for a, b, _ in (line.split() for line in run.text.splitlines())]


@test
def never_closes_after_close(t):
    run = t.passed(t.run("never-closes", watch(t, "s.close()", 6),
                         sysctls={"net.ipv4.tcp_fin_timeout": 2}))
    states = seen_states(run)
    t.equal([s for s, _ in states if s != FIN_WAIT_1], [FIN_WAIT_2, GONE], "the kernel's states")
    t.near(states[-1][1], 2.0, "the time in FIN-WAIT-2")
    fins = run.received("fin")
    # On a busy machine a tail loss probe may repeat the FIN before it is acknowledged.
    t.equal([bool(s.retransmission) for s in fins][:1], [False], "FINs from the program")
    t.equal(len(run.sent("ack-of-fin")), len(fins), "acknowledgements of the FIN")
    t.equal(run.sent("fin"), [], "FINs from the peer")
    t.equal(run.events("state")[-1].to, "close-wait", "the peer's state")


@test
def never_closes_after_shutdown(t):
    # With shutdown() there is no timer: FIN-WAIT-2 outlasts tcp_fin_timeout.
    run = t.passed(t.run("never-closes",
                         t.probe("connect", "send=10", "shutdown", "poll=in,2500ms", "info"),
                         sysctls={"net.ipv4.tcp_fin_timeout": 1}))
    t.result(run.call("poll"), 0)
    t.equal(run.call("TCP_INFO").state, "FIN-WAIT-2", "state")


@test
def never_closes_late_data_meets_rst(t):
    # After tcp_fin_timeout the program's kernel knows nothing of the connection any more.
    profile = t.profile("""
        summary: Answers long after the program has gone.
        after_eof: keep-open
        rules:
          - on: receive fin
            after: 2500ms
            do:
              say: too late
    """)
    run = t.passed(t.run(profile, t.probe("connect", "send=10", "close", "sleep=3s"),
                         sysctls={"net.ipv4.tcp_fin_timeout": 1}))
    late = run.sent("data")
    t.check(late, "the peer has to send")
    rst = run.received("rst")
    t.check(rst and rst[0].t >= late[0].t, "the program's kernel has to answer with RST")


@test
def fin_ignored_after_close(t):
    sysctls = {"net.ipv4.tcp_orphan_retries": 1, "net.ipv4.tcp_early_retrans": 0}
    run = t.passed(t.run("fin-ignored", watch(t, "s.close()", 12), sysctls=sysctls))
    states = seen_states(run)
    t.equal([s for s, _ in states], [FIN_WAIT_1, GONE], "the kernel's states")
    fins = run.received("fin")
    rto = float(run.text.split()[2])
    end, sent = t.kernel.data_give_up(1, rto)
    t.near_all(since(fins, fins[0]), t.kernel.data(sent - 1, rto), "FINs")
    t.equal({(s.fate, s.rule_name) for s in fins}, {("dropped", "fin-ignored")}, "fates")
    t.near(states[-1][1], end, "the time until the orphan is gone")


@test
def fin_ignored_after_shutdown(t):
    run = t.passed(t.run("fin-ignored",
                         t.probe("user_timeout=1s", "connect", "info", "shutdown", "info", "recv"),
                         sysctls={"net.ipv4.tcp_early_retrans": 0}))
    t.equal(run.call("TCP_INFO", 1).state, "FIN-WAIT-1", "state")
    t.errno(run.call("recv"), "ETIMEDOUT")
    t.near(run.call("recv").took, t.kernel.user_timeout(1.0, run.rto), "the time until ETIMEDOUT")


@test
def fin_ignored_makes_linger_wait(t):
    run = t.passed(t.run("fin-ignored", t.probe("linger=1", "connect", "close")))
    t.near(run.call("close").took, 1.0, "the time of close()")


@test
def truncated_response_curl(t):
    t.need("curl")
    run = t.passed(t.run("truncated-response", ["curl", "-sS", URL]), status=18)
    t.equal(run.text, "Only this much of it.\n", "body")
    t.equal(len(run.sent("fin", retransmission=None)), 1, "FINs from the peer")
    t.equal(run.sent("rst"), [], "RSTs from the peer")


@test
def truncated_response_length(t):
    t.need("curl")
    run = t.passed(t.run("truncated-response", ["curl", "-sSi", URL], sets={"length": 5000}),
                   status=18)
    t.contains(run.text, "Content-Length: 5000\r\n", "the response")


@test
def program_closes_first(t):
    run = t.passed(t.run("healthy", watch(t, "s.close()", 0.5)))
    t.equal(seen_states(run)[-1][0], TIME_WAIT, "the kernel's last state")
    states = [e.to for e in run.events("state")]
    t.equal(states, ["syn-received", "established", "close-wait", "last-ack", "closed"],
            "the peer's states")


@test
def peer_closes_first(t):
    profile = t.profile("""
        summary: Closes after the first data.
        rules:
          - on: received 1
            do: close
    """)
    run = t.passed(t.run(profile, t.probe("connect", "send=10", "recv", "info", "close",
                                          "sleep=100ms")))
    t.result(run.call("recv"), 0)
    t.equal(run.call("TCP_INFO").state, "CLOSE-WAIT", "state")
    t.equal([e.to for e in run.events("state")],
            ["syn-received", "established", "fin-wait-1", "fin-wait-2", "time-wait"],
            "the peer's states")


@test
def peer_half_closes(t):
    profile = t.profile("""
        summary: Finishes sending and goes on reading.
        rules:
          - on: enter established
            do: shutdown
    """)
    run = t.passed(t.run(profile, t.probe("connect", "recv", "send=10", "send=10", "sleep=50ms",
                                          "queues", "shutdown", "sleep=50ms", "info")))
    t.result(run.call("recv"), 0)
    t.equal([c.result for c in run.calls("send")], [10, 10], "writes after the peer's FIN")
    t.equal(run.call("queues").send_q, 0, "the send queue")
    t.equal(run.sent("rst"), [], "RSTs from the peer")
    t.equal(run.events("state")[-1].to, "time-wait", "the peer's state")


@test
def program_never_closes(t):
    profile = t.profile("""
        summary: Closes at once.
        rules:
          - on: enter established
            do: close
    """)
    run = t.passed(t.run(profile, t.probe("connect", "recv", "sleep=1500ms", "info")))
    t.equal(run.call("TCP_INFO").state, "CLOSE-WAIT", "state")
    states = [e.to for e in run.events("state") if e.t < run.events("exit")[0].t - 0.3]
    t.equal(states[-1], "fin-wait-2", "the peer's state")


@test
def program_aborts(t):
    run = t.passed(t.run("healthy", t.probe("connect", "send=10", "sleep=50ms", "linger0", "close",
                                            "sleep=50ms")))
    t.equal(len(run.received("rst")), 1, "RSTs from the program")
    t.equal(run.events("state")[-1].to, "closed", "the peer's state")
    t.contains(run.trace, "reset by the program", "the verdict")


@test
def last_segments_at_exit_are_seen(t):
    # The kernel closes the sockets of a program that ends; what it sends then belongs to the run.
    for _ in range(5):
        run = t.passed(t.run("never-closes", t.probe("connect", "send=10")))
        t.equal(len(run.received("fin", retransmission=None)), 1, "FINs from the program")


@test
def close_on_accept(t):
    run = t.passed(t.run("close-on-accept", t.probe("connect", "poll=in,5s", "recv", "send=1",
                                                    "sleep=100ms", "send=1")))
    t.contains(run.call("poll").revents, "POLLRDHUP", "revents")
    t.result(run.call("recv"), 0)
    t.result(run.call("send", 0), 1)
    t.errno(run.call("send", 1), "EPIPE")
    t.equal([s.reason for s in run.sent()], ["syn-ack", "fin", "rst"], "what left")


@test
def close_on_accept_curl(t):
    t.need("curl")
    run = t.run("close-on-accept", ["curl", "-sS", f"http://{HOST}:8080/"])
    t.check(run.status in (52, 56), f"curl's exit status is {run.status}")


@test
def half_close(t):
    run = t.passed(t.run("half-close", t.probe("connect", "poll=in,5s", "recv", "info", "send=10",
                                               "sleep=300ms", "send=10", "sleep=100ms", "queues",
                                               "close", "sleep=100ms")))
    t.result(run.call("recv"), 0)
    t.equal(run.call("TCP_INFO").state, "CLOSE-WAIT", "state")
    t.equal(run.call("queues").send_q, 0, "bytes that were not acknowledged")
    t.equal(sum(s.len for s in run.received("data")), 20, "bytes that arrived after the peer's FIN")
    t.equal(run.sent("rst"), [], "RSTs")
    t.equal(run.events("state")[-1].to, "time-wait", "the peer's last state")


@test
def fin_delayed(t):
    run = t.passed(t.run("fin-delayed", t.probe("connect", "shutdown", "recv", "close",
                                                "sleep=50ms")))
    t.result(run.call("recv"), 0)
    t.near(run.call("recv").took, 0.5, "the wait for the end of the stream")
    t.equal(run.received("rst"), [], "RSTs from the program")


@test
def fin_delayed_beyond_fin_wait_2(t):
    run = t.passed(t.run("fin-delayed", t.probe("linger2=1", "connect", "close", "sleep=2500ms"),
                         sets={"delay": "2s"}))
    late = run.sent("fin")[0]
    answer = [s for s in run.received() if s.t > late.t]
    t.equal([s.kind for s in answer], ["rst"], "the answer to a FIN that comes too late")


@test
def simultaneous_close(t):
    run = t.passed(t.run("simultaneous-close", t.probe("connect", "close", "sleep=500ms"),
                         options=["--sockets"]))
    lost, again = run.received("fin")
    fin = run.sent("fin")[0]
    t.equal((lost.fate, lost.seq, lost.ack), ("dropped", 1, 1), "the program's FIN")
    t.equal((fin.seq, fin.ack), (1, 1), "the peer's FIN does not acknowledge it")
    t.equal((again.seq, again.ack), (1, 2), "the program's FIN comes again with an acknowledgement")
    t.near(again.t - lost.t, 0.2, "the time until then")
    states = [s.state for s in run.events("socket")]
    t.check("CLOSING" in states, f"the program's socket was {states}")
    t.equal(run.events("state")[-1].to, "time-wait", "the peer's last state")


@test
def talks_after_close(t):
    run = t.passed(t.run("talks-after-close", t.probe("connect", "close", "sleep=300ms")))
    data = run.sent("data")[0]
    answers = [s for s in run.received() if s.t >= data.t]
    t.equal({s.kind for s in answers}, {"rst"}, "the answer to data for a closed socket")


@test
def talks_after_shutdown(t):
    run = t.passed(t.run("talks-after-close", t.probe("connect", "shutdown", "recv", "recv",
                                                      "close")))
    t.result(run.call("recv", 0), 100)
    t.result(run.call("recv", 1), 0)
    t.equal(run.received("rst"), [], "RSTs from the program")


@test
def closes_after_response_and_a_naive_client(t):
    run = t.passed(t.run("closes-after-response", t.probe(
        "connect", "send=10", "recv", "sleep=200ms", "poll=in,1s", "send=10", "sleep=100ms", "recv",
        "send=1")))
    t.contains(run.call("poll").revents, "POLLRDHUP", "what a client that looks would see")
    t.result(run.call("send", 1), 10)
    t.result(run.call("recv", 1), 0)
    t.errno(run.call("send", 2), "EPIPE")
    t.equal(run.sent()[-1].reason, "rst", "the answer to the second request")


@test
def closes_after_response_and_curl(t):
    # curl looks before it reuses a connection.
    t.need("curl")
    url = f"http://{HOST}:8080/"
    run = t.passed(t.run("closes-after-response", ["sh", "-c", f"""
        printf 'url = {url}\\nnext\\nurl = {url}\\n' | curl -sS --rate 2/s -K -
        """]))
    t.equal(run.text, "ok\nok\n", "bodies")
    t.equal(len(run.events("attempt")), 2, "connections")


@test
def fin_into_zero_window(t):
    run = t.passed(t.run("fin-into-zero-window", t.probe("connect", "shutdown", "sleep=500ms",
                                                         "info", "recv")))
    t.equal((run.call("TCP_INFO").state, run.call("TCP_INFO").notsent), ("FIN-WAIT-1", 1),
            "the state, and what waits: the FIN")
    update = run.sent("window-update")[0]
    fin = run.received("fin")[0]
    t.check(run.received("window-probe") and fin.t >= update.t, "probes, and the FIN after them")
    t.result(run.call("recv"), 0)
