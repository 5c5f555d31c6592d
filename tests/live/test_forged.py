"""What the kernel makes of forged segments: `corrupt`, `set`, `fragment` and `send`.

The kernel functions named in comments are those that behave so; measured on Linux 6.18."""

from harness import PEER, PEER6, test

# Connects, runs the body with the socket `s`, and prints counters of /proc/net that are asked for.
PROGRAM = """
import socket, sys, time
host, port = sys.argv[1], 8080
def counter(name):
    for path in ("/proc/net/snmp", "/proc/net/netstat"):
        lines = open(path).read().splitlines()
        for heads, values in zip(lines[::2], lines[1::2]):
            if name in heads.split():
                return int(values.split()[heads.split().index(name)])
    for line in open("/proc/net/snmp6"):
        if line.split()[0] == name:
            return int(line.split()[1])
    return -1
s = socket.create_connection((host, port), timeout=10)
def receive(n):
    data = b""
    while len(data) < n:
        part = s.recv(n - len(data))
        if not part:
            break
        data += part
    return data.decode("latin-1")
"""


def program(t, body, host=PEER):
    return [*t.python(PROGRAM + body)[:3], host]


def hello(t, rule, body, host=PEER, more=""):
    """A run in which the peer says hello, once established, under one more rule."""
    profile = t.profile(f"""
summary: Says hello.
tcp: {{rto: 200ms, delayed_ack: off}}
rules:
  - on: enter established
    do: {{say: hello}}
{rule}
{more}
""")
    return t.passed(t.run(profile, program(t, body, host)))


@test
def bad_tcp_checksum(t):
    # tcp_v4_rcv() and tcp_v6_rcv() count it and say nothing.
    for host, errors in ((PEER, "InCsumErrors"), (PEER6, "InCsumErrors")):
        run = hello(t, "  - {on: send data, first: 1, do: {corrupt: tcp-checksum}}",
                    "print(receive(5), counter('InErrs'))", host)
        t.equal(run.text, "hello 1\n", f"what {host} said, and {errors}")
        first, second = run.sent("data")
        t.equal((first.fate, first.changes, second.fate), ("corrupted", ["tcp-checksum"], "sent"),
                "the greeting and its retransmission")
        t.near(second.t - first.t, 0.2, "the time until it is sent again")


@test
def bad_ip_checksum(t):
    run = hello(t, "  - {on: send data, first: 1, do: {corrupt: ip-checksum}}",
                "print(receive(5), counter('InHdrErrors'))")
    t.equal(run.text, "hello 1\n", "what was read, and InHdrErrors")
    t.equal(run.sent("data")[0].fate, "corrupted", "the first greeting")


@test
def no_ip_checksum_in_ipv6(t):
    run = hello(t, "  - {on: send data, first: 1, optional: true, do: {corrupt: ip-checksum}}",
                "print(receive(5))", PEER6)
    t.equal(run.text, "hello\n", "what was read")
    t.equal([s.fate for s in run.sent("data")], ["sent"], "the greeting")
    t.contains(run.events("notice")[0].text, "IPv6", "the notice")


@test
def corrupt_payload_is_read(t):
    run = hello(t, "  - {on: send data, do: {corrupt: payload}}", "print(receive(5))")
    t.equal(run.text, "iello\n", "what was read")


@test
def corrupt_on_receive_is_a_loss(t):
    profile = t.profile("""
        summary: Finds its first SYN broken.
        rules:
          - {on: receive syn, first: 1, do: {corrupt: tcp-checksum}}
    """)
    run = t.passed(t.run(profile, t.probe("connect", "close")))
    t.near(run.call("connect").took, 1.0, "the time that connect() takes")
    t.equal([s.fate for s in run.received("syn")], ["corrupted", "accepted"], "fates of the SYNs")


# RST ------------------------------------------------------------------------------------------

def reset_with(t, seq, window=""):
    """What the program sees 200 ms after the peer's `send` of a RST, and the run."""
    profile = t.profile(f"""
        summary: Forges a RST.
        {window}
        rules:
          - on: enter established
            after: 100ms
            do: {{send: {{flags: R, seq: {seq}}}}}
          - on: received 1
            do: {{say: hi}}
            optional: true
    """)
    body = """
time.sleep(0.3)
error = s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
challenges = counter("TCPChallengeACK")
if error == 0:
    s.sendall(b"x")
    print("alive", receive(2), challenges)
else:
    print("error", error, challenges)
"""
    return t.passed(t.run(profile, program(t, body)))


@test
def reset_with_the_next_number(t):
    run = reset_with(t, "snd.nxt")
    t.equal(run.text, "error 104 0\n", "what the program sees")
    t.equal(run.sent("rst")[0].rule["line"], 4, "the line of the rule")
    t.equal(run.events("state", to="closed"), [], "the peer's connection lives on")


@test
def reset_inside_the_window(t):
    # tcp_validate_incoming(): RFC 5961, 3.2; anything but RCV.NXT is answered by a challenge ACK.
    run = reset_with(t, "snd.nxt+1")
    t.equal(run.text, "alive hi 1\n", "what the program sees")
    rst = run.sent("rst")[0]
    challenge = [s for s in run.received("ack") if s.t > rst.t][0]
    t.equal((challenge.seq, challenge.ack), (1, 1), "the challenge ACK's numbers")


@test
def reset_beyond_the_window(t):
    # Out of the window a RST is dropped without a word.
    run = reset_with(t, "snd.nxt+snd.wnd+100000")
    t.equal(run.text, "alive hi 0\n", "what the program sees")


@test
def reset_before_the_window(t):
    run = reset_with(t, "snd.nxt-1")
    t.equal(run.text, "alive hi 0\n", "what the program sees")


# Other segments in ESTABLISHED ------------------------------------------------------------------

@test
def syn_in_established(t):
    # tcp_validate_incoming(): RFC 5961, 4.2; in or out of the window.
    for seq in ("snd.nxt", "snd.nxt+snd.wnd+100000"):
        run = hello(t, f"  - {{on: received 1, do: {{send: {{flags: S, seq: {seq}}}}}}}",
                    "receive(5)\ns.sendall(b'x')\ntime.sleep(0.2)\n"
                    "print(s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR),"
                    " counter('TCPSYNChallenge'))")
        t.equal(run.text, "0 1\n", f"SO_ERROR and challenges after a SYN with {seq}")
        syn = run.sent("syn")[0]
        t.check([s for s in run.received("ack") if s.t > syn.t], "a challenge ACK has to come")


@test
def ack_of_data_never_sent(t):
    # tcp_ack(): an ACK above SND.NXT is dropped, and what comes with it as well.
    run = hello(t, "  - {on: received 1, do: {send: {ack: rcv.nxt+1000, payload: lost}}}",
                "receive(5)\ns.sendall(b'x')\ntime.sleep(0.2)\ns.setblocking(False)\n"
                "try:\n    print(s.recv(10))\nexcept BlockingIOError:\n    print('nothing')")
    t.equal(run.text, "nothing\n", "what was read")


@test
def optimistic_ack_is_believed(t):
    # An ACK of what was sent and lost: the kernel cannot know.
    profile = t.profile("""
        summary: Acknowledges what it never got.
        tcp: {window: 100000}
        rules:
          - on: receive data
            do: [drop, {send: {ack: seg.end}}]
    """)
    run = t.passed(t.run(profile, t.probe("connect", "send=5000", "sleep=100ms", "queues", "info")))
    t.equal(run.call("queues").send_q, 0, "bytes unacknowledged")
    # Where the peer is late, a tail loss probe may have gone before its ACKs came.
    t.check(run.call("TCP_INFO").total_retrans <= 1, "retransmissions")


@test
def sack_blocks_are_noted(t):
    # tcp_sacktag_write_queue(): blocks beyond SND.NXT are not.
    for block, sacked in (("seg.seq, seg.end", 1), ("rcv.nxt+100000, rcv.nxt+100010", 0)):
        profile = t.profile(f"""
            summary: Sacks.
            rules:
              - on: receive data
                nth: 2
                do: [drop, {{send: {{sack: [[{block}]]}}}}]
              - on: receive data
                do: drop
        """)
        run = t.passed(t.run(profile, t.probe("nodelay", "connect", "send=100", "send=100",
                                              "sleep=50ms", "info")))
        t.equal(run.call("TCP_INFO").sacked, sacked, f"segments sacked by [{block}]")


@test
def old_timestamps_are_refused(t):
    # tcp_validate_incoming(): PAWS, RFC 7323, 5.3; answered by a duplicate ACK.
    run = hello(t, "  - {on: received 1, do: {send: {payload: old, tsval: ts.now-100000}}}",
                "receive(5)\ntime.sleep(0.1)\ns.sendall(b'x')\ntime.sleep(0.2)\n"
                "s.setblocking(False)\n"
                "try:\n    print(s.recv(10))\n"
                "except BlockingIOError:\n    print('nothing', counter('PAWSEstab'))")
    t.equal(run.text, "nothing 1\n", "what was read, and PAWSEstab")


@test
def overlapping_data_does_not_overwrite(t):
    # tcp_data_queue(): what has been received is not looked at again.
    run = hello(t, "  - {on: received 1, do: {send: {payload: HELLO world, seq: snd.nxt-5}}}",
                "print(receive(5), end='')\ns.sendall(b'x')\nprint(receive(6))")
    t.equal(run.text, "hello world\n", "what was read")


@test
def conflicting_copies_the_first_wins(t):
    run = hello(t, "  - {on: send data, do: [duplicate, {set: {payload: HELLO}}]}",
                "print(receive(5))")
    t.equal(run.text, "hello\n", "what was read")
    t.equal([s.fate for s in run.sent("data")], ["duplicated", "edited"], "fates")


@test
def urgent_data(t):
    # RFC 6093: the urgent pointer is behind the urgent byte, which is read out of band.
    run = hello(t, "  - {on: send data, do: {set: {urgent: 3}}}",
                "import select\n"
                "print(select.select([], [], [s], 5)[2] == [s],"
                " s.recv(1, socket.MSG_OOB).decode(), receive(4))")
    t.equal(run.text, "True l helo\n", "POLLPRI, the urgent byte, the others")
    t.equal(run.sent("data")[0].urgent, 3, "the pointer in the event")


@test
def send_with_everything_else_honest(t):
    run = hello(t, "  - {on: received 1, do: {send: {payload: ' there'}}}",
                "print(receive(5), end='')\ns.sendall(b'x')\nprint(receive(6))")
    t.equal(run.text, "hello there\n", "what was read")
    sent = [s for s in run.sent("data") if s.rule][0]
    t.equal((sent.fate, sent.flags), ("sent", "PA"), "the segment that `send` made")


# Headers --------------------------------------------------------------------------------------

@test
def headers_that_lie(t):
    # ip_rcv() and tcp_v4_rcv() drop the packet; ip6_rcv_core() as well.
    for host in (PEER, PEER6):
        for lie in ("data_offset: 4", "data_offset: 15", "total_length: 1000", "total_length: 30"):
            run = hello(t, f"  - {{on: send data, first: 1, do: {{set: {{{lie}}}}}}}",
                        "print(receive(5))", host)
            t.equal(run.text, "hello\n", f"what was read after {lie}")
            t.equal([s.fate for s in run.sent("data")], ["edited", "sent"], f"fates, {lie}")


@test
def total_length_cuts_the_end_off(t):
    # ip_rcv() trims the packet; the checksum covers what is left.
    run = hello(t, "  - {on: send data, first: 1, do: {set: {timestamps: off, total_length: 43}}}",
                "print(receive(3), end=' ')\nprint(receive(2))", more="  # 20 + 20 + 3 of 5 bytes")
    t.equal(run.text, "hel lo\n", "what was read, the end after the retransmission")


@test
def reserved_bits_are_ignored(t):
    run = hello(t, "  - {on: send any, do: {set: {reserved: 14}}}", "print(receive(5))")
    t.equal(run.text, "hello\n", "what was read")


@test
def malformed_options_are_passed_over(t):
    # tcp_parse_options() stops at the first length that cannot be; without MSS 536 holds.
    run = hello(t, "  - {on: send syn-ack, do: {set: {options: '0204'}}}",
                "print(receive(5), s.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG))")
    t.equal(run.text, "hello 536\n", "what was read, and the MSS")
    t.equal(run.sent("syn-ack")[0].raw_options, "0204", "the option area in the event")


@test
def mss_of_one_and_none(t):
    # tcp_mtu_to_mss(): net.ipv4.tcp_min_snd_mss holds against tiny ones (CVE-2019-11479).
    least = int(t.kernel.number("tcp_min_snd_mss", 48))
    for mss, expected in (("1", least), ("off", 536), ("1000", 1000)):
        profile = t.profile(f"""
            summary: Announces an odd MSS.
            rules:
              - on: send syn-ack
                do: {{set: {{mss: {mss}, timestamps: off}}}}
        """)
        run = t.passed(t.run(profile, t.probe("connect", "send=3000", "info", "sleep=50ms")))
        t.equal(run.call("TCP_INFO").snd_mss, expected, f"snd_mss after mss: {mss}")


@test
def window_of_zero_in_one_ack(t):
    profile = t.profile("""
        summary: One ACK closes the window.
        tcp: {delayed_ack: off}
        rules:
          - {on: send ack, first: 1, do: {set: {window: 0}}}
    """)
    run = t.passed(t.run(profile, t.probe("nodelay", "connect", "send=1", "sleep=50ms", "send=1",
                                          "sleep=600ms", "queues")))
    probe = run.received("window-probe")
    t.check(probe, "a window probe has to come")
    t.equal(run.call("queues").send_q, 0, "bytes left after the honest answer to the probe")


@test
def syn_that_the_peer_reads_otherwise(t):
    profile = t.profile("""
        summary: Reads an MSS of 100 in each SYN.
        service: {source: {bytes: 1000}}
        rules:
          - {on: receive syn, do: {set: {mss: 100}}}
    """)
    run = t.passed(t.run(profile, t.probe("connect", "sleep=100ms", "recv=1000", "close")))
    t.result(run.call("recv"), 1000)
    t.check(all(s.len <= 100 for s in run.sent("data")), "no segment is longer than 100")
    t.equal(run.received("syn")[0].changes, ["mss"], "what was changed")


# Handshake ------------------------------------------------------------------------------------

@test
def wrong_ack_to_syn_sent(t):
    # tcp_rcv_synsent_state_process(): RST with the number that was acknowledged, and the SYN again
    # after TCP_TIMEOUT_MIN, two jiffies, instead of a second. The RST is in the peer's window and
    # not at its edge, so the peer's half-open connection outlives it.
    profile = t.profile("""
        summary: Acknowledges something else than the SYN.
        rules:
          - {on: send syn-ack, first: 1, do: {set: {ack: irs+1000}}}
    """)
    run = t.passed(t.run(profile, t.probe("connect", "info", "close")))
    t.result(run.call("connect"), 0)
    t.equal(run.call("TCP_INFO").state, "ESTABLISHED", "state")
    rst = run.received("rst")[0]
    t.equal((rst.flags, rst.seq), ("R", 1000), "the RST")
    first, again = run.received("syn")
    t.check(again.t - first.t < 0.5, "the SYN has to come again at once")


@test
def forged_refusal(t):
    profile = t.profile("""
        summary: Refuses with a wrong and then with a right number.
        rules:
          - {on: receive syn, first: 1, do: [drop, {send: {flags: RA, ack: irs+2}}]}
          - {on: receive syn, do: [drop, {send: {flags: RA, seq: 0}}]}
    """)
    run = t.passed(t.run(profile, t.probe("connect")))
    t.errno(run.call("connect"), "ECONNREFUSED")
    t.equal(len(run.received("syn")), 2, "SYNs")
    t.check(run.call("connect").took < 0.5, "the SYN has to come again at once, as above")


# Fragments ------------------------------------------------------------------------------------

@test
def fragments_are_put_together(t):
    # ipv6_frag_rcv(): a first fragment without the whole TCP header is dropped (RFC 8200, 4.5).
    for host, counter, size in ((PEER, "ReasmOKs", 8), (PEER6, "Ip6ReasmOKs", 24)):
        run = hello(t, f"  - {{on: send any, do: {{fragment: {size}}}}}\n"
                       "  - {on: received 1, do: {say: {bytes: 2000}}}",
                    f"print(receive(5), counter('{counter}') > 0)\ns.sendall(b'x')\n"
                    "print(len(receive(2000)))", host)
        t.equal(run.text, "hello True\n2000\n", f"what came from {host}")
        t.equal({s.fate for s in run.sent()}, {"edited"}, "fates")


@test
def the_tcp_header_in_two_fragments(t):
    run = hello(t, "  - {on: send data, first: 1, do: {fragment: 16}}",
                "print(receive(5), counter('Ip6ReasmOKs'))", PEER6)
    t.equal(run.text, "hello 0\n", "what was read, and Ip6ReasmOKs")
    t.equal([s.fate for s in run.sent("data")], ["edited", "sent"], "the greeting comes twice")


@test
def delayed_and_fragmented(t):
    run = hello(t, "  - {on: send data, do: [{delay: 100ms}, {fragment: 16}]}",
                "print(receive(5))")
    t.equal(run.text, "hello\n", "what was read")
    t.equal([s.fate for s in run.sent("data")], ["delayed", "edited"], "fates")
