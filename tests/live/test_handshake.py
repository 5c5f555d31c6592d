"""From SYN to ESTABLISHED: healthy, refuse, syn-blackhole, synack-lost, synack-delayed."""

from harness import HOST, MSS, PEER, PEER6, PROGRAM6, since, test

URL = f"http://{HOST}:8080/"


@test
def healthy_answers_curl(t):
    t.need("curl")
    run = t.passed(t.run("healthy", ["curl", "-sS", "-w", "%{http_code}", URL]))
    t.equal(run.text, "ok\n200", "curl's output")
    states = [(e["from"], e["to"]) for e in run.events("state")]
    t.equal(states[:2], [("listen", "syn-received"), ("syn-received", "established")], "states")
    t.equal([s.kind for s in run.received()][:3], ["syn", "ack", "data"], "what arrived")
    t.equal([s.reason for s in run.sent()][:3], ["syn-ack", "ack", "data"], "what left")
    t.equal({s.fate for s in run.received()}, {"accepted"}, "fates of what arrived")
    t.equal({s.fate for s in run.sent()}, {"sent"}, "fates of what left")
    # curl closes first; the peer follows, and what is left are FIN, FIN and their ACKs.
    t.equal(len(run.received("fin", retransmission=None)), 1, "FINs that arrived")
    t.equal(len(run.sent("fin", retransmission=None)), 1, "FINs that left")


@test
def healthy_speaks_ipv6(t):
    t.need("curl")
    run = t.passed(t.run("healthy", ["curl", "-sS", "-g", f"http://[{PEER6}]:8080/"]))
    t.equal(run.text, "ok\n", "curl's output")
    syn = run.received("syn")[0]
    t.check(syn.src.startswith(f"[{PROGRAM6}]:"), f"the program's address is {syn.src}")
    t.equal(syn.dst, f"[{PEER6}]:8080", "the peer's address")
    t.equal(syn.options["mss"], 1440, "the program's MSS")
    t.equal(run.sent("syn-ack")[0].options["mss"], 1440, "the peer's MSS")


@test
def healthy_is_everywhere(t):
    t.need("curl")
    # On loopback, at every address of the host's own.
    places = (["127.0.0.2:8080", "127.255.255.254:8080", "[::1]:8080"] if t.link == "loopback" else
              ["203.0.113.7:80", "192.0.2.1:1", "[2001:db8::5]:65535"])
    run = t.passed(t.run("healthy", ["curl", "-sSg", *(f"http://{place}/" for place in places)]))
    t.equal(run.text, "ok\nok\nok\n", "curl's output")
    t.equal([s.dst for s in run.received("syn")], places, "addresses dialled")


@test
def healthy_takes_any_bytes_from_nc(t):
    t.need("nc")
    run = t.passed(t.run("healthy", ["nc", "-N", PEER, "8080"], stdin=b"hello\n" * 10))
    t.equal(sum(s.len for s in run.received() if s.fate == "accepted"), 60, "bytes that arrived")
    t.equal(run.out, b"", "nc's output")


@test
def linux_like_options(t):
    run = t.passed(t.run("healthy", t.probe("connect", "info", "close")))
    options = run.sent("syn-ack")[0].options
    t.equal(options["mss"], MSS, "MSS")
    t.equal(options["window_scale"], 7, "window scale")
    t.check(options["sack_permitted"] and "timestamps" in options, f"options are {options}")
    # TCPI_OPT_TIMESTAMPS | TCPI_OPT_SACK | TCPI_OPT_WSCALE
    t.equal(run.call("TCP_INFO").options & 7, 7, "options that the kernel agreed to")
    t.equal(run.call("TCP_INFO").state, "ESTABLISHED", "state")


@test
def refuse_curl(t):
    t.need("curl")
    run = t.passed(t.run("refuse", ["curl", "-sS", URL]), status=7)
    t.equal(len(run.received("syn")), 1, "SYNs")
    t.equal(len(run.segments()), 2, "segments")
    rst = run.sent("rst")[0]
    # RFC 9293, 3.10.7.1: <SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK>
    t.equal(sorted(rst.flags), ["A", "R"], "flags")
    t.equal((rst.raw_seq, rst.ack), (0, 1), "numbers of the RST")


@test
def refuse_blocking_and_not(t):
    run = t.passed(t.run("refuse", t.probe(
        "connect", "close", "nonblock", "connect", "poll=in+out,5s", "so_error")))
    t.errno(run.call("connect", 0), "ECONNREFUSED")
    t.check(run.call("connect", 0).took < 0.5, "a refusal has to come at once")
    t.errno(run.call("connect", 1), "EINPROGRESS")
    t.contains(run.call("poll").revents, "POLLERR", "revents")
    t.equal(run.call("SO_ERROR").error, "ECONNREFUSED", "SO_ERROR")
    t.equal(len(run.events("attempt")), 2, "attempts")


@test
def refuse_counts_attempts(t):
    run = t.passed(t.run("refuse", t.probe("connect", "close", "sleep=300ms", "connect", "close",
                                           "sleep=600ms", "connect")))
    t.equal([c.errno for c in run.calls("connect")], ["ECONNREFUSED"] * 3, "connect()")
    attempts = run.events("attempt")
    t.equal([a.attempt for a in attempts], [1, 2, 3], "numbers")
    t.equal(attempts[0].since_last, None, "gap before the first attempt")
    t.near_all([a.since_last for a in attempts[1:]], [0.3, 0.6], "gaps")


@test
def syn_blackhole_backs_off(t):
    kernel = t.kernel
    times, end = kernel.syns(retries=1)
    run = t.passed(t.run("syn-blackhole", t.probe("syncnt=1", "connect")))
    t.errno(run.call("connect"), "ETIMEDOUT")
    t.near(run.call("connect").took, end, "the time of connect()")
    syns = run.received("syn")
    t.near_all(since(syns, syns[0]), times, "SYNs")
    t.equal({(s.fate, s.rule_name) for s in syns}, {("dropped", "syn-blackhole")}, "fates")
    t.equal([bool(s.retransmission) for s in syns], [False] + [True] * (len(syns) - 1),
            "retransmissions")
    t.equal(run.sent(), [], "what left")
    t.equal(len(run.events("attempt")), 1, "attempts: a retransmitted SYN is none")


@test
def syn_blackhole_without_linear_timeouts(t):
    sysctls = t.sysctls_for(tcp_syn_linear_timeouts=0, tcp_syn_retries=1)
    times, end = t.kernel.with_values(sysctls).syns()
    run = t.passed(t.run("syn-blackhole", t.probe("connect"), sysctls=sysctls))
    t.errno(run.call("connect"), "ETIMEDOUT")
    t.near(run.call("connect").took, end, "the time of connect()")
    syns = run.received("syn")
    t.near_all(since(syns, syns[0]), times, "SYNs")


@test
def syn_blackhole_user_timeout(t):
    times, end = t.kernel.syns_until(2.5)
    run = t.passed(t.run("syn-blackhole", t.probe("user_timeout=2500ms", "connect")))
    t.errno(run.call("connect"), "ETIMEDOUT")
    t.near(run.call("connect").took, end, "the time of connect()")
    syns = run.received("syn")
    t.near_all(since(syns, syns[0]), times, "SYNs")


@test
def syn_blackhole_in_syn_sent(t):
    run = t.passed(t.run("syn-blackhole", t.probe(
        "nonblock", "connect", "poll=out,1500ms", "info", "so_error", "close")))
    t.errno(run.call("connect"), "EINPROGRESS")
    t.result(run.call("poll"), 0)
    info = run.call("TCP_INFO")
    t.equal((info.state, info.retransmits, info.unacked), ("SYN-SENT", 1, 1), "TCP_INFO")


@test
def syn_blackhole_curl_connect_timeout(t):
    t.need("curl")
    run = t.passed(t.run("syn-blackhole", ["curl", "-sS", "--connect-timeout", "1.5", URL]),
                   status=28)
    t.equal(len(run.received("syn", fate="dropped")), 2, "SYNs")


@test
def synack_lost_once(t):
    run = t.passed(t.run("synack-lost", t.probe("connect", "info", "close")))
    t.result(run.call("connect"), 0)
    t.near(run.call("connect").took, 1.0, "the time of connect()")
    answers = run.sent("syn-ack")
    t.equal(answers[0].fate, "dropped", "fate of the first SYN-ACK")
    t.equal(answers[0].rule_name, "synack-lost", "the rule")
    t.check(answers[0].rule["line"] > 1, f"the rule's place is {answers[0].rule}")
    t.equal({s.fate for s in answers[1:]}, {"sent"}, "fates of the others")
    t.near(answers[1].t - answers[0].t, 1.0, "the second SYN-ACK")
    t.equal(run.events("verdict")[0].rules[0]["withheld"], 1, "withheld, as the verdict has it")


@test
def synack_lost_both_ends_retransmit(t):
    run = t.passed(t.run("synack-lost", t.probe("connect", "close"), sets={"count": 3}))
    t.result(run.call("connect"), 0)
    answers = run.sent("syn-ack")
    t.equal([s.fate for s in answers[:4]], ["dropped"] * 3 + ["sent"], "fates of the SYN-ACKs")
    t.check(len(run.received("syn", retransmission=True)) >= 1, "the program has to retransmit")
    t.check(run.call("connect").took > 0.9, "connect() has to wait for a retransmission")


@test
def synack_lost_curl(t):
    t.need("curl")
    run = t.passed(t.run("synack-lost", ["curl", "-sS", "-w", "%{time_connect}", URL]))
    body, seconds = run.text.split("\n")
    t.equal(body, "ok", "body")
    t.near(float(seconds), 1.0, "curl's time to connect")


@test
def synack_lost_for_ever(t):
    sysctls = t.sysctls_for(tcp_syn_linear_timeouts=0, tcp_syn_retries=1)
    _, end = t.kernel.with_values(sysctls).syns()
    run = t.passed(t.run("synack-lost", t.probe("connect"), sysctls=sysctls,
                         sets={"count": 1000}))
    t.errno(run.call("connect"), "ETIMEDOUT")
    t.near(run.call("connect").took, end, "the time of connect()")
    t.equal({s.fate for s in run.sent("syn-ack")}, {"dropped"}, "fates of the SYN-ACKs")


@test
def synack_delayed(t):
    run = t.passed(t.run("synack-delayed", t.probe("connect", "close")))
    t.result(run.call("connect"), 0)
    t.near(run.call("connect").took, 0.5, "the time of connect()")
    held, left = run.sent("syn-ack")[:2]
    t.equal((held.fate, left.fate), ("delayed", "sent"), "fates")
    t.near(held.until - held.t, 0.5, "the promised delay")
    t.check(0 <= left.t - held.until < 0.02, f"it left {left.t - held.until:.6f} s late")
    t.equal(len(run.received("syn")), 1, "SYNs")


@test
def synack_delayed_beyond_the_rto(t):
    run = t.passed(t.run("synack-delayed", t.probe("connect", "until=2900ms", "send=10", "close"),
                         sets={"delay": "1400ms"}))
    t.near(run.call("connect").took, 1.4, "the time of connect()")
    t.equal(len(run.received("syn", retransmission=True)), 1, "retransmitted SYNs")
    # The SYN-ACK for the second SYN meets an established connection (RFC 5961, 4).
    t.check(len(run.sent("syn-ack", fate="sent")) >= 2, "later SYN-ACKs have to leave, too")
    t.result(run.call("send"), 10)


@test
def syn_blackhole_in_ipv6(t):
    # The same schedule over IPv6: nothing but the header differs.
    _, end = t.kernel.syns_until(1.2)
    run = t.passed(t.run("syn-blackhole", t.probe("user_timeout=1200ms", "connect",
                                                  address=PEER6)))
    t.errno(run.call("connect"), "ETIMEDOUT")
    t.near(run.call("connect").took, end, "the time of connect()")


@test
def accept_queue_full_takes_the_data_later(t):
    run = t.passed(t.run("accept-queue-full", t.probe("connect", "send=10", "sleep=1s", "info")))
    t.result(run.call("connect"), 0)
    t.check(run.call("connect").took < 0.2, "connect() has to succeed at once")
    dropped = [s for s in run.received() if s.fate == "dropped"]
    t.equal([s.kind for s in dropped], ["ack", "data", "data"], "what met the full queue")
    taken = run.received("data", fate="accepted")[0]
    t.check(taken.retransmission, "data that completes the handshake has to be a retransmission")
    t.near(taken.t - dropped[1].t, 2 * run.rto, "the time until there is room")
    t.equal(run.call("TCP_INFO").bytes_acked, 11, "bytes acknowledged in the end, SYN included")


@test
def accept_queue_full_and_a_program_that_waits(t):
    # A silent program is brought in by the SYN-ACK that comes again.
    run = t.passed(t.run("accept-queue-full", t.probe("connect", "poll=in,1500ms"),
                         sets={"times": 1}))
    t.result(run.call("poll"), 0)
    again = run.sent("syn-ack")[1]
    t.near(again.t - run.sent("syn-ack")[0].t, 1.0, "the second SYN-ACK")
    t.check(run.received("ack", fate="accepted"), "the ACK that completes the handshake")


@test
def truncated_header(t):
    run = t.passed(t.run("truncated-header", t.probe("connect", "so_error")))
    t.near(run.call("connect").took, 1.0, "the time of connect()")
    t.equal(run.call("SO_ERROR").error, "0", "the socket's error")
    first = run.sent("syn-ack")[0]
    t.equal(first.fate, "edited", "the first SYN-ACK's fate")
    t.equal([s.kind for s in run.received() if s.t < first.t + 0.9], ["syn"], "what came before")


@test
def payload_in_synack(t):
    run = t.passed(t.run("payload-in-synack", t.probe("connect", "recv", "so_error")))
    t.result(run.call("recv"), len("early bird"))
    t.equal(run.sent("syn-ack")[0].len, len("early bird"), "bytes in the SYN-ACK")
    t.equal(run.received("ack")[0].ack, 1, "the ACK of the SYN-ACK: the SYN only")
    t.equal(sum(s.len for s in run.sent("data", fate="sent")), len("early bird"), "bytes after it")
