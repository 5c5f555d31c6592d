"""A link between program and peer: its rate, its queue, its losses, as real programs meet them."""

from harness import HOST, PEER, test

URL = f"http://{HOST}:8080/"
RATE = 1_000_000  # bits a second
OF_THE_RATE = 0.02  # what the throughput may differ
HEADERS = 20 + 20 + 12  # IPv4, TCP, timestamps
SIZE = 300_000

SEND = """
    import socket, sys, time
    s = socket.create_connection((sys.argv[1], 8080))
    began, longest = time.monotonic(), 0
    for _ in range(int(sys.argv[2]) // 10_000):
        s.sendall(bytes(10_000))
        info = s.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)
        longest = max(longest, int.from_bytes(info[68:72], sys.byteorder))
    s.shutdown(socket.SHUT_WR)
    assert s.recv(1) == b""
    print(time.monotonic() - began, longest / 1e6)
"""

RECEIVE = """
    import socket, sys, time
    s = socket.create_connection((sys.argv[1], 8080))
    began, got = time.monotonic(), 0
    while chunk := s.recv(65536):
        got += len(chunk)
    print(time.monotonic() - began, got)
"""


def rate_of(t, segments):
    """Bits a second of packets that arrived one behind the other, headers included."""
    t.check(len(segments) > 100, "the transfer has to be seen")
    bits = sum(8 * (s.len + HEADERS) for s in segments[1:])
    return bits / (segments[-1].t - segments[0].t)


def near_the_rate(t, seen, what):
    t.check(abs(seen / RATE - 1) < OF_THE_RATE, f"{what} has to be {RATE} bit/s, not {seen:.0f}")


def link(t, figures, rest="service: discard"):
    return t.profile(f"""
        summary: A link with a speed.
        {rest}
        link: {figures}
    """)


@test
def throughput_up_is_the_rate(t):
    run = t.passed(t.run(link(t, "{up: {rate: 1Mbit/s}}"), t.python(SEND, PEER, str(SIZE))))
    data = run.received("data", fate="accepted")
    near_the_rate(t, rate_of(t, data), "the throughput")
    elapsed, _ = map(float, run.text.split())
    t.near(elapsed, sum(8 * (s.len + HEADERS) for s in data) / RATE, "the program's own time")


@test
def throughput_down_is_the_rate(t):
    run = t.passed(t.run(
        link(t, "{down: {rate: 1Mbit/s}}", f"service: {{source: {{bytes: {SIZE}}}}}\n"
             "        rules: [{on: 'sent " + str(SIZE) + "', do: close}]"),
        t.python(RECEIVE, PEER)))
    data = [s for s in run.sent("data") if s.fate == "sent"]
    near_the_rate(t, rate_of(t, data), "the throughput")
    elapsed, got = run.text.split()
    t.equal(int(got), SIZE, "bytes")
    t.near(float(elapsed), sum(8 * (s.len + HEADERS) for s in data) / RATE, "the program's time")


@test
def a_full_queue_shows_in_the_round_trip(t):
    run = t.passed(t.run("healthy", t.python(SEND, PEER, str(SIZE)),
                         options=["--up", "rate: 1Mbit/s, queue: 32KiB"]))
    limit = 32 * 1024 * 8 / RATE
    queued = max(s.queued or 0 for s in run.received("data", fate="accepted"))
    t.check(limit / 2 < queued <= limit, f"{queued} s in a queue of {limit} s")
    _, rtt = map(float, run.text.split())
    t.check(rtt > limit / 3, f"the queue has to show in the round trip, which is {rtt} s at most")
    t.contains(run.trace, "queued", "the trace")


@test
def what_finds_no_room_is_told(t):
    run = t.passed(t.run("healthy", t.python(SEND, PEER, "100000"),
                         options=["--rate", "1Mbit/s", "--queue", "4KiB"]))
    lost = run.segments(fate="dropped")
    t.equal({s.on_the_way for s in lost}, {"queue-full"}, "why they were lost")
    t.check(all(s.rule is None for s in lost), "no rule has dropped them")
    t.contains(run.trace, "lost, queue full", "the trace")
    t.contains(run.trace, "its queue had no room for", "the verdict")


@test
def losses_are_told(t):
    t.need("curl")
    run = t.passed(t.run("healthy", ["curl", "-sS", "--max-time", "50", URL],
                         options=["--seed", "5", "--loss", "20%"]))
    t.equal(run.text, "ok\n", "body")
    lost = run.segments(fate="dropped")
    t.check(lost and {s.on_the_way for s in lost} == {"lost"}, "segments have to be lost")
    t.contains(run.trace, "lost by the link", "the trace")
    t.contains(run.trace, "`--seed 5` repeats it", "the verdict")


@test
def delay_is_of_each_direction(t):
    run = t.passed(t.run("healthy", t.probe("connect", "close"), options=["--delay", "200ms"]))
    syn = run.received("syn")[0]
    t.near(syn.t - syn.made, 0.2, "the way up")
    answer = run.sent("syn-ack")[0]
    t.near(answer.t - answer.made, 0.2, "the way down")
    t.near(run.call("connect").took, 0.4, "the handshake")
    told = run.events("link")
    t.equal([e.up for e in told], ["{delay: 200ms}"], "the link, as it is told")


@test
def a_rule_makes_the_link_slow(t):
    profile = link(t, "{delay: 1ms}", """
        service: {respond: {text: "x", when: "\\n"}}
        rules: [{on: received 1, do: {link: {delay: 150ms}}}]
    """.strip())
    run = t.passed(t.run(profile, t.probe("connect", "send-text=a\n", "recv=1", "send-text=b\n",
                                          "recv=1", "close")))
    t.near(run.call("recv", 1).took, 0.3, "the second answer, a round trip later")
    t.equal(len(run.events("link")), 2, "how often the link is told")


@test
def links_of_the_catalogue(t):
    t.need("curl")
    for name in ("3g", "edge", "satellite", "bad-wifi", "train-tunnel"):
        run = t.passed(t.run(name, ["curl", "-sS", "--max-time", "50", URL],
                             options=["--seed", "1"]))
        t.equal(run.text, "ok\n", f"the body through {name}")
        t.equal([e.profile for e in run.events("link")][:1], [name], "the link that is told")


@test
def a_train_comes_out_of_its_tunnel(t):
    run = t.passed(t.run("train-tunnel", t.python("""
        import socket, sys, time
        s = socket.create_connection((sys.argv[1], 8080))
        for _ in range(10):
            s.sendall(b"x")
            time.sleep(0.1)
        s.sendall(b"GET / HTTP/1.1\\r\\n\\r\\n")
        print(s.recv(1000).endswith(b"ok\\n"))
    """, PEER), sets={"into": "300ms", "out_of": "800ms"}))
    t.equal(run.text, "True\n", "the answer after the tunnel")
    t.check([s for s in run.segments(fate="dropped") if s.on_the_way == "lost"],
            "segments have to be lost in the tunnel")


@test
def profiles_are_put_together(t):
    t.need("curl")
    run = t.passed(t.run("lossy+high-latency", ["curl", "-sS", "--max-time", "50", URL],
                         sets={"loss": "20%", "delay": "20ms"}, options=["--seed", "11"]))
    t.equal(run.text, "ok\n", "body")
    t.check([s for s in run.segments(fate="dropped") if s.rule_name == "lossy"], "losses")
    t.check([s for s in run.segments(fate="delayed") if s.rule_name == "high-latency"], "delays")
    for command in ("check", "show"):
        result = t.ghostpeer(command, "lossy+high-latency")
        t.equal(result.status, 0, f"status of {command}")
    result = t.ghostpeer("check", "redis+mysql")
    t.equal(result.status, 125, "status of what cannot be put together")
    t.contains(result.errors, "`redis` and `mysql` both have `service`", "the message")


@test
def link_options_that_cannot_be(t):
    for options, words in ((["--rate", "fast"], "--rate: `rate` takes a rate such as"),
                           (["--loss", "{good_to_bad: 1%}"], "has both chances"),
                           (["--up", "raet: 1kbit/s"], "did you mean `rate`?"),
                           (["--rtt", "1ms", "--delay", "1ms"], "give one of them")):
        result = t.ghostpeer("run", *options, "healthy", "--", "true")
        t.equal(result.status, 125, f"status with {options}")
        t.contains(result.errors, words, "the message")


@test
def control_makes_the_link_slow(t):
    run = t.passed(t.run("healthy", t.python("""
        import socket, subprocess, sys, time
        subprocess.run([sys.argv[2], "ctl", "do", "link: {down: {delay: 300ms}}"], check=True,
                       stdout=subprocess.DEVNULL)
        began = time.monotonic()
        socket.create_connection((sys.argv[1], 8080)).close()
        print(time.monotonic() - began)
    """, PEER, t.environment.ghostpeer)))
    t.near(float(run.text), 0.3, "the handshake")
    told = run.events("link")
    t.equal([(e.down, e.rule["file"]) for e in told], [("{delay: 300ms}", "control")], "the link")
