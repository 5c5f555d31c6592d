"""Bytes through duplication, reordering, loss and rate limits: every one of them, in order."""

import os
import re
import struct
import subprocess

from harness import FAMILY, HOST, PEER, PEER6, test

URL = f"http://{HOST}:8080/"

# Sends pseudo-random bytes in writes of odd sizes, reads the echo at the same time, and compares.
ECHO = """
    import hashlib, random, socket, sys, threading
    address, size, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    data = random.Random(seed).randbytes(size)
    s = socket.create_connection((address, 8080))
    def write():
        at, pick = 0, random.Random(seed)
        while at < size:
            n = pick.choice([1, 99, 1448, 1449, 5000, 40000])
            s.sendall(data[at:at + n])
            at += n
        s.shutdown(socket.SHUT_WR)
    thread = threading.Thread(target=write)
    thread.start()
    digest, got = hashlib.sha256(), 0
    while chunk := s.recv(65536):
        digest.update(chunk)
        got += len(chunk)
    thread.join()
    print(got, digest.digest() == hashlib.sha256(data).digest())
"""


def echo(t, size, *, address=PEER, seed=7):
    return t.python(ECHO, address, str(size), str(seed))


def echo_profile(t, extends):
    return t.profile(f"""
        summary: Echo over a bad path.
        extends: {extends}
        service: echo
    """)


@test
def echo_is_exact(t):
    # On a busy machine the program's kernel may send tail loss probes, and so may the peer with
    # `recovery: rack`.
    profile = t.profile("""
        summary: Echo over a perfect path.
        extends: healthy
        service: echo
        tcp: {recovery: reno}
    """)
    run = t.passed(t.run(profile, echo(t, 1_000_000)))
    t.equal(run.text.split(), ["1000000", "True"], "bytes, and whether they are the right ones")
    t.equal(run.sent(retransmission=True), [], "retransmissions on a perfect path")


@test
def echo_is_exact_in_ipv6(t):
    run = t.passed(t.run(echo_profile(t, "healthy"), echo(t, 300_000, address=PEER6)))
    t.equal(run.text.split(), ["300000", "True"], "bytes, and whether they are the right ones")


@test
def duplicate_everything_curl(t):
    t.need("curl")
    run = t.passed(t.run("duplicate-everything", ["curl", "-sS", URL]))
    t.equal(run.text, "ok\n", "body")
    for direction, fate in (("in", "accepted"), ("out", "sent")):
        whole = run.segments(dir=direction, fate=fate)
        copies = run.segments(dir=direction, fate="duplicated")
        t.equal(len(copies), len(whole), f"copies of the segments with dir {direction}")
        t.equal({s.rule_name for s in copies}, {"duplicate-everything"}, "the rule of the copies")


@test
def duplicate_everything_is_exact(t):
    run = t.passed(t.run(echo_profile(t, "duplicate-everything"), echo(t, 100_000)))
    t.equal(run.text.split(), ["100000", "True"], "bytes, and whether they are the right ones")
    t.check(run.received("data", fate="duplicated") and run.sent("data", fate="duplicated"),
            "data has to be duplicated in both directions")


@test
def duplicate_everything_reports_dsack(t):
    run = t.passed(t.run("duplicate-everything", t.probe(
        "connect", "send-text=GET / HTTP/1.1\r\n\r\n", "poll=in,5s", "sleep=50ms", "info", "close"),
        sets={"copies": 2}))
    # RFC 2883: the program's kernel tells that data came twice.
    sacks = [s for s in run.received() if s.options and s.options.get("sack")]
    t.check(sacks, "a DSACK block from the program")
    left, right = sacks[0].options["sack"][0]
    t.check(right <= sacks[0].ack, f"block {left}..{right} has to lie below ack {sacks[0].ack}")


@test
def reordering_curl(t):
    t.need("curl")
    run = t.passed(t.run("reordering", ["curl", "-sS", URL]))
    t.equal(run.text, "ok\n", "body")
    delayed = run.segments(fate="delayed")
    t.check(delayed and all(s.rule_name == "reordering" for s in delayed), "a delayed segment")
    t.near(delayed[0].until - delayed[0].t, 0.02, "the delay")


@test
def reordering_is_exact(t):
    run = t.passed(t.run(echo_profile(t, "reordering"), echo(t, 200_000)))
    t.equal(run.text.split(), ["200000", "True"], "bytes, and whether they are the right ones")
    sacks = [s for s in run.segments() if s.options and s.options.get("sack")]
    t.check(sacks, "segments out of order have to show in SACK blocks")


@test
def lossy_is_exact(t):
    run = t.passed(t.run(echo_profile(t, "lossy"), echo(t, 100_000), options=["--seed", "3"]))
    t.equal(run.text.split(), ["100000", "True"], "bytes, and whether they are the right ones")
    lost = run.segments(fate="dropped")
    t.check(lost and {s.rule_name for s in lost} == {"lossy"}, "segments have to be lost")
    t.check(run.segments(retransmission=True), "what is lost has to come again")
    t.equal(run.verdict.seed, 3, "the seed in the verdict")


@test
def lossy_curl_succeeds(t):
    t.need("curl")
    run = t.passed(t.run("lossy", ["curl", "-sS", "--max-time", "50", URL], sets={"loss": "20%"},
                         options=["--seed", "11"]))
    t.equal(run.text, "ok\n", "body")
    t.check(run.segments(fate="dropped"), "segments have to be lost")


@test
def source_is_exact(t):
    profile = t.profile("""
        summary: Sends a megabyte and closes.
        service: {source: {bytes: 1MiB}}
    """)
    code = f"""
        import hashlib, socket
        s = socket.create_connection(("{PEER}", 8080))
        got = 0
        while got < 1 << 20:
            chunk = s.recv(65536)
            if not chunk:
                break
            got += len(chunk)
        s.settimeout(0.3)
        try:
            more = s.recv(1)
            print(got, "end" if more == b"" else "more")
        except TimeoutError:
            print(got, "open")
    """
    run = t.passed(t.run(profile, t.python(code)))
    t.equal(run.text.split()[0], str(1 << 20), "bytes")
    t.check(run.text.split()[1] in ("end", "open"), "not a byte more")


@test
def discard_takes_megabytes(t):
    run = t.passed(t.run(t.profile("summary: Reads and forgets.\nservice: discard\n"),
                         t.probe("connect", "send-all=8MiB", "shutdown", "recv", "info")))
    t.result(run.call("send-all"), 8 << 20)
    t.result(run.call("recv"), 0)
    fin = run.received("fin", fate="accepted")[-1]
    t.equal(fin.seq + fin.len - 1, 8 << 20, "bytes before the FIN")


@test
def drip_response_takes_its_time(t):
    t.need("curl")
    # 67 bytes in all
    run = t.passed(t.run("drip-response", ["curl", "-sS", "-w", "%{time_total}", URL],
                         sets={"rate": "40B/s"}))
    body, seconds = run.text.split("\n")
    t.equal(body, "ok", "body")
    data = run.sent("data", fate="sent", retransmission=None)
    size = sum(s.len for s in data)
    t.check(len(data) >= 5, f"{len(data)} segments for {size} bytes")
    t.check(0.7 * size / 40 <= float(seconds) <= 1.3 * size / 40 + 0.2,
            f"{size} bytes at 40 B/s took {seconds} s")


@test
def drip_response_defeats_read_timeouts(t):
    # Every read is in time, the whole is not.
    t.need("curl")
    run = t.passed(t.run("drip-response", ["curl", "-sS", "--speed-limit", "1", "--speed-time", "2",
                                           "--max-time", "3", URL]), status=28)
    t.check(len(run.sent("data")) >= 10, "segments")


@test
def healthy_answers_again_on_one_connection(t):
    t.need("curl")
    run = t.passed(t.run("healthy", ["curl", "-sS", URL, URL, URL]))
    t.equal(run.text, "ok\n" * 3, "bodies")
    t.equal(len(run.events("attempt")), 1, "connections")


@test
def healthy_closes_behind_the_answer_to_http_1_0(t):
    run = t.passed(t.run("healthy", t.python("""
        import socket, sys
        s = socket.create_connection((sys.argv[1], 8080))
        for version, to_the_end in ("1.1", False), ("1.0", True):
            s.sendall(f"GET / HTTP/{version}\\r\\n\\r\\n".encode())
            answer = s.recv(1000)
            while to_the_end and (more := s.recv(1000)):
                answer += more
            print(answer[-3:])
        """, PEER), options=["--timeout", "60s"]))
    t.equal(run.text, "b'ok\\n'\nb'ok\\n'\n", "both answers")


@test
def pcap_holds_every_packet(t):
    pcap = t.path("run.pcap")
    run = t.passed(t.run("synack-lost", t.probe("connect", "send=1000", "close", "sleep=100ms"),
                         options=["--pcap", pcap]))
    with open(pcap, "rb") as file:
        data = file.read()
    magic = struct.unpack("<I", data[:4])[0]
    t.check(magic in (0xa1b2c3d4, 0xa1b23c4d), f"magic number {magic:x}")
    packets, at = [], 24
    while at < len(data):
        length, original = struct.unpack("<II", data[at + 8:at + 16])
        t.equal(length, original, "captured length")
        packets.append(data[at + 16:at + 16 + length])
        at += 16 + length
    on_the_wire = run.received() + run.sent(fate="sent")
    tcp = [p for p in packets if (p[9] if p[0] >> 4 == 4 else p[6]) == 6]
    t.equal(len(tcp), len(on_the_wire), "TCP packets in the capture")
    ip_header = 20 if FAMILY == "ipv4" else 40
    t.equal(sum(len(p) for p in tcp if len(p) > 1000), 1000 + ip_header + 32,
            "the packet with the data")


@test
def high_latency(t):
    run = t.passed(t.run("high-latency", t.probe("connect", "send-text=GET / HTTP/1.1\r\n\r\n",
                                                 "recv", "info"), sets={"delay": "100ms"}))
    t.near(run.call("connect").took, 0.2, "the time of connect(): one round trip")
    t.near(run.call("recv").took, 0.2, "the time of the answer: another one")
    rtt, rto = run.call("TCP_INFO").rtt_us / 1e6, run.rto
    t.near(rtt, 0.2, "the round trip that the kernel measured")
    t.check(rto >= rtt + 0.2, f"the RTO is {rto} s with a round trip of {rtt} s")


@test
def high_latency_beyond_the_first_rto(t):
    run = t.passed(t.run("high-latency", t.probe("connect", "sleep=800ms", "info"),
                         sets={"delay": "600ms"}))
    t.near(run.call("connect").took, 1.2, "the time of connect()")
    t.equal(len(run.received("syn", fate="accepted")), 2, "SYNs")
    t.equal(run.call("TCP_INFO").state, "ESTABLISHED", "state")


@test
def split_response(t):
    run = t.passed(t.run("split-response", t.probe("connect", "send=1", "recv", "recv", "recv",
                                                   "recv")))
    t.equal([c.result for c in run.calls("recv")], [27, 10, 2, 2], "bytes of each read")
    t.near_all([c.took for c in run.calls("recv")][1:], [0.1] * 3, "waits for the next piece")


@test
def split_response_curl(t):
    t.need("curl")
    run = t.passed(t.run("split-response", ["curl", "-sS", URL]))
    t.equal(run.text, "ok\n", "body")
    t.equal([s.len for s in run.sent("data")], [27, 10, 2, 2], "segments")


@test
def coalesced_responses(t):
    run = t.passed(t.run("coalesced-responses", t.probe(
        "connect", "send-text=GET / HTTP/1.1\r\n\r\n", "poll=in,5s", "recv")))
    data = run.sent("data")
    t.equal([s.len for s in data], [run.call("recv").result], "one segment and one read")


@test
def coalesced_responses_curl(t):
    t.need("curl")
    run = t.passed(t.run("coalesced-responses", ["curl", "-sS", "-w", "%{http_code}", URL]))
    t.equal(run.text, "ok\n200", "body and status")


@test
def first_request_lost(t):
    run = t.passed(t.run("first-request-lost", t.probe(
        "connect", "info", "send-text=GET / HTTP/1.1\r\n\r\n", "recv", "info")))
    lost, again = run.received("data")[:2]
    t.equal((lost.fate, again.fate), ("dropped", "accepted"), "fates")
    t.near(again.t - lost.t, run.rto, "the time until it comes again")
    t.near(run.call("recv").took, run.rto, "the wait of the program")
    t.equal(run.calls("TCP_INFO")[-1].total_retrans, 1, "retransmissions")


@test
def plain_http_on_tls_port(t):
    t.need("curl")
    run = t.passed(t.run("plain-http-on-tls-port", ["curl", "-sSk", f"https://{HOST}:8080/"]), status=35)
    t.check(run.sent("data"), "the answer in plain HTTP")


@test
def plain_http_on_tls_port_is_http(t):
    t.need("curl")
    run = t.passed(t.run("plain-http-on-tls-port", ["curl", "-sS", "-w", "%{http_code}", URL]))
    t.equal(run.text, "This port speaks plain HTTP only400", "body and status")


@test
def tls_handshake_stalls(t):
    t.need("curl")
    run = t.passed(t.run("tls-handshake-stalls", ["curl", "-sSk", "--connect-timeout", "1",
                                                  f"https://{HOST}:8080/"]), status=28)
    t.equal([s.len for s in run.sent("data")], [11], "data that left")
    t.soon(run, 5, "--connect-timeout has to cover the TLS handshake")


@test
def slow_banner(t):
    run = t.passed(t.run("slow-banner", t.probe("connect", "recv", "recv", "recv"),
                         sets={"pause": "300ms"}))
    t.equal([c.result for c in run.calls("recv")], [9, 13, 8], "bytes of each read")
    t.near_all([c.took for c in run.calls("recv")], [0.3] * 3, "waits")


@test
def bad_checksum(t):
    t.need("curl")
    run = t.passed(t.run("bad-checksum", ["curl", "-sS", URL]))
    t.equal(run.text, "ok\n", "body")
    bad, again = run.sent("data")[:2]
    t.equal(bad.fate, "corrupted", "the first segment's fate")
    t.check(again.retransmission and again.t - bad.t >= 0.15, "it has to come again after the RTO")
    between = [s for s in run.received("ack") if bad.t < s.t < again.t]
    t.equal(between, [], "acknowledgements of the bad segment")


@test
def corrupt_payload(t):
    run = t.passed(t.run("corrupt-payload", t.python(f"""
        import socket
        s = socket.create_connection(("{PEER}", 8080))
        s.sendall(b"GET / HTTP/1.1\\r\\n\\r\\n")
        print(s.recv(1000)[:8])
    """)))
    t.equal(run.text.strip(), str(b"ITTP/1.1"), "what the program read: a bit of the H is wrong")
    t.equal(run.sent("data")[0].fate, "corrupted", "the segment's fate")


@test
def pcapng_tells_what_became_of_each_packet(t):
    """As tshark reads it; ghostpeer's own code for it is not asked."""
    capture = t.path("run.pcapng")
    run = t.passed(t.run("synack-lost", t.probe("connect", "send=1000", "close", "sleep=100ms"),
                         options=["-q", "--pcap", capture]))

    def tshark(*arguments):
        read = subprocess.run(["tshark", "-r", capture, *arguments], capture_output=True,
                              text=True, check=False, env={**os.environ, "HOME": t.path("")})
        complaints = [line for line in read.stderr.splitlines() if "root" not in line]
        t.equal((read.returncode, complaints), (0, []), "what tshark says of the file")
        return read.stdout.splitlines()

    fields = ["-T", "fields", "-E", "separator=;", "-e", "frame.interface_name", "-e",
              "frame.packet_flags_direction", "-e", "frame.comment", "-e", "tcp.flags.str"]
    rows = [line.split(";") for line in tshark(*fields)]
    withheld = [row for row in rows if row[0] == "withheld"]
    t.equal(len(withheld), len(run.sent(fate="dropped")), "withheld packets")
    t.check(all("dropped by synack-lost:" in row[2] for row in withheld), f"comments: {withheld}")
    wire = [row for row in rows if row[0] == "wire" and row[3]]
    t.equal(len(wire), len(run.received() + run.sent(fate="sent")), "packets on the wire")
    found = tshark("-Y", 'frame.comment contains "synack-lost"')
    t.equal(len(found), len(withheld), "found by their comment")


@test
def pcapng_has_fragments_errors_exact_times_and_the_run(t):
    profile = t.profile("""
        summary: Errors, fragments and losses.
        extends: healthy
        rules:
          - on: receive data
            first: 1
            do: {icmp: {frag-needed: 1200}}
          - on: send data
            first: 1
            do: {fragment: 32}
          - on: receive fin
            first: 2
            do: drop
    """, "odd.yaml")
    capture = t.path("odd.pcapng")
    run = t.run(profile, t.python("""
        import socket
        s = socket.create_connection(("PEER", 8080))
        s.sendall(b"GET / HTTP/1.1\\r\\n\\r\\n")
        s.recv(100)
        s.shutdown(socket.SHUT_WR)
        s.recv(100)
    """.replace("PEER", PEER)), options=["--seed", "77", "--pcap", capture])
    t.passed(run)

    def tshark(*arguments):
        read = subprocess.run(["tshark", "-r", capture, "-o", "ip.defragment:FALSE", "-o",
                               "ipv6.defragment:FALSE", *arguments],
                              capture_output=True, text=True, check=False,
                              env={**os.environ, "HOME": t.path("")})
        complaints = [line for line in read.stderr.splitlines() if "root" not in line]
        t.equal((read.returncode, complaints), (0, []), "what tshark says of the file")
        return [line.split(";") for line in read.stdout.splitlines()]

    error, more, offset, type_ = {
        "ipv4": ("icmp.type", "ip.flags.mf", "ip.frag_offset", "3"),
        "ipv6": ("icmpv6.type", "ipv6.fraghdr.more", "ipv6.fraghdr.offset", "2"),
    }[FAMILY]
    fields = ["frame.time_epoch", "frame.interface_name", "frame.comment", error, more, offset]
    rows = tshark("-T", "fields", "-E", "separator=;", "-E", "occurrence=f",
                  *[word for field in fields for word in ("-e", field)])
    errors = [row for row in rows if row[3] == type_]
    t.equal([(row[1], row[2]) for row in errors], [("wire", "by odd.yaml:4")], "ICMP errors")
    fragments = [row for row in rows if row[4] in ("1", "True") or row[5] not in ("", "0")]
    t.check(len(fragments) >= 3, f"fragments: {rows}")
    t.equal({(row[1], row[2]) for row in fragments}, {("wire", "changed fragment by odd.yaml:7")},
            "fragments")
    withheld = [row[0] for row in rows if row[1] == "withheld"]
    lost = run.received(fate="dropped")
    t.equal(len(withheld), 2, "withheld packets")
    exact = lambda text: int(text.replace(".", ""))
    lines = [line for line in open(run.events_path) if '"fate":"dropped"' in line]
    told = [exact(re.search(r'"t":([0-9.]+)', line)[1]) for line in lines]
    t.equal(len(lost), 2, "segments dropped")
    t.check(abs((exact(withheld[1]) - exact(withheld[0])) - (told[1] - told[0])) < 1_000_000,
            f"times {withheld}, told {told}")
    with open(capture, "rb") as file:
        head = file.read(1000)
    for part in (b"ghostpeer ", b"seed 77", b"command: ", b"odd.yaml"):
        t.check(part in head, f"{part} in the section's header: {head[:300]}")
