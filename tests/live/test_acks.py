"""When the peer acknowledges, how its window grows and what its numbers are: as an ordinary Linux
host, so that a program that stalls against every server stalls here, too."""

from harness import PEER, Late, test

ATO = 0.040  # Linux: TCP_ATO_MIN
ECN_SEEN = 8  # TCPI_OPT_ECN

WRITE_WRITE_READ = """
    import socket, sys, time
    s = socket.create_connection((sys.argv[1], 8080))
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, int(sys.argv[2]))
    took = []
    for i in range(6):
        at = time.monotonic()
        s.send(b"GET / HTTP/1.1\\r\\n")
        s.send(b"Host: x\\r\\n\\r\\n")
        s.recv(65536)
        took.append(time.monotonic() - at)
    print(*took)
"""

def once(segments):
    return [s for s in segments if not s.retransmission]


ANSWERS = """
    summary: Answers a request.
    service: {respond: {text: "ok\\n", when: "\\r\\n\\r\\n"}}
"""


@test
def write_write_read_stalls_from_the_second_request_on(t):
    run = t.passed(t.run(t.profile(ANSWERS), t.python(WRITE_WRITE_READ, PEER, "0")))
    took = [float(word) for word in run.text.split()]
    t.check(min(took[1:]) >= ATO - 0.002, f"the requests took {took} s")
    halves = once(run.received("data"))
    t.equal(len(halves), 12, "segments of the program")
    for first, second in zip(halves[2::2], halves[3::2]):
        # The peer's ACK came when nothing had carried it, and Nagle's algorithm let go of the rest.
        t.near(second.t - first.t, ATO, "the wait between the halves of a request")


@test
def without_nagle_nothing_stalls(t):
    run = t.passed(t.run(t.profile(ANSWERS), t.python(WRITE_WRITE_READ, PEER, "1")))
    t.equal(len(once(run.sent("data"))), 6, "answers, each with its ACK")
    took = [float(word) for word in run.text.split()]
    if max(took) >= ATO:
        raise Late(f"the requests took {took} s")


@test
def small_writes_are_acknowledged_when_they_are_read(t):
    run = t.passed(t.run("never-closes", t.python("""
        import socket, sys, time
        s = socket.create_connection((sys.argv[1], 8080))
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for i in range(40):
            s.send(b"line\\n")
            time.sleep(0.005)
    """, PEER)))
    last = run.received("data")[-1]
    acks = [s for s in run.sent() if s.ack and s.reason == "ack"]
    t.check(len(acks) >= 17, f"{len(acks)} acknowledgements, more than the quick ones are expected")
    for data in once(run.received("data")):
        answer = next((s for s in run.sent() if (s.ack or 0) >= data.seq + data.len), None)
        t.check(answer is not None and answer.t - data.t < ATO / 2 or data.t >= last.t,
                f"the data at {data.t} were acknowledged at {answer and answer.t}")


@test
def one_segment_for_each_request_and_one_for_the_fin(t):
    run = t.passed(t.run(t.profile("""
        summary: Echo.
        service: echo
    """), t.python("""
        import socket, sys
        s = socket.create_connection((sys.argv[1], 8080))
        for i in range(10):
            s.sendall(b"ping")
            assert s.recv(100) == b"ping"
        s.close()
    """, PEER)))
    t.equal(len(once(run.sent("data"))), 10, "answers")
    t.equal(len(run.sent("ack")), 1, "ACKs that carry nothing else: that of the first request")
    t.equal(len(run.sent("ack-of-fin")), 0, "ACKs of the FIN alone")
    t.equal(len(once(run.sent("fin"))), 1, "the peer's FIN, with the ACK")


UPLOAD = """
    import socket, sys
    s = socket.create_connection((sys.argv[1], 8080))
    s.sendall(bytes(8 << 20))
    s.shutdown(socket.SHUT_WR)
    s.recv(1)
"""


def windows_of_an_upload(t, tcp):
    run = t.passed(t.run(t.profile(f"""
        summary: Reads what comes.
        service: discard
        tcp: {tcp}
    """), t.python(UPLOAD, PEER), options=["--rtt", "20ms"]))
    return [s.window for s in run.sent("ack")]


@test
def the_window_grows_for_an_upload_over_a_long_line(t):
    windows = windows_of_an_upload(t, "{mss: 1460}")
    t.check(windows[0] <= 66_000, f"the first window is {windows[0]}")
    t.check(max(windows) >= 1_000_000, f"the largest window is {max(windows)}")
    t.check(max(windows) <= 6 << 20, f"the largest window is {max(windows)}")


@test
def a_window_that_is_fixed_does_not_grow(t):
    windows = windows_of_an_upload(t, "{mss: 1460, window: 300000}")
    t.check(max(windows) <= 300_000 + 128, f"the largest window is {max(windows)}")


@test
def ecn_is_agreed_on_where_the_program_asks(t):
    run = t.passed(t.run(t.profile("""
        summary: A router that marks a packet instead of dropping it.
        service: discard
        sysctl: {net.ipv4.tcp_ecn: 1}
        rules:
          - {on: receive data, nth: 3, do: {set: {ecn: ce}}}
    """), t.probe("connect", *["send=1000", "sleep=20ms"] * 8, "drain=5s", "info")))
    t.equal(run.received("syn")[0].flags, "SEC", "flags of the program's SYN")
    t.equal(run.sent("syn-ack")[0].flags, "SAE", "flags of the SYN-ACK")
    t.equal(run.call("TCP_INFO").options & ECN_SEEN, ECN_SEEN, "the kernel's view")
    flags = [s.flags for s in run.received("data")]
    t.check(any("C" in each for each in flags), f"the program has to slow down: flags {flags}")
    echoes = [s for s in run.sent("ack") if "E" in s.flags]
    t.check(echoes, "an ACK has to tell of the mark")
    t.check("E" not in run.sent("ack")[-1].flags, "and none after the program's CWR")


@test
def ecn_can_be_off(t):
    run = t.passed(t.run(t.profile("""
        summary: A host without ECN.
        tcp: {ecn: off}
        sysctl: {net.ipv4.tcp_ecn: 1}
    """), t.probe("connect", "info")))
    t.equal(run.sent("syn-ack")[0].flags, "SA", "flags of the SYN-ACK")
    t.equal(run.call("TCP_INFO").options & ECN_SEEN, 0, "the kernel's view")


@test
def the_urgent_byte_is_not_echoed(t):
    run = t.passed(t.run(t.profile("""
        summary: Echo.
        service: echo
    """), t.python("""
        import socket, sys
        s = socket.create_connection((sys.argv[1], 8080))
        s.sendall(b"abc")
        s.send(b"!", socket.MSG_OOB)
        s.sendall(b"def")
        s.shutdown(socket.SHUT_WR)
        got = b""
        while chunk := s.recv(100):
            got += chunk
        print(got.decode())
    """, PEER)))
    t.equal(run.text.strip(), "abcdef", "what came back")
