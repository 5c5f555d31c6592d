"""ICMP errors: what the kernel does with each, in SYN-SENT and in ESTABLISHED.

tcp_v4_err() and tcp_v6_err() ignore an error whose quoted sequence number is not between SND.UNA
and SND.NXT. Measured on Linux 6.18."""

from harness import PEER, PEER6, test

UNREACHABLE = [
    # kind, errno in IPv4 (icmp_err_convert), errno in IPv6 (icmpv6_err_convert)
    ("port-unreachable", "ECONNREFUSED", "ECONNREFUSED"),
    ("host-unreachable", "EHOSTUNREACH", "EHOSTUNREACH"),
    ("net-unreachable", "ENETUNREACH", "ENETUNREACH"),
    ("admin-prohibited", "EHOSTUNREACH", "EACCES"),
    ("ttl-exceeded", "EHOSTUNREACH", "EHOSTUNREACH"),
]

# The others, in each version of IP that has them; None: the kernel ignores it, or it is a soft error
# that is gone with the next SYN-ACK.
RARE = [
    ("protocol-unreachable", "ENOPROTOOPT", "EPROTO"),
    ("source-route-failed", "EOPNOTSUPP", "EPROTO"),
    ("net-unknown", "ENETUNREACH", "ENETUNREACH"),
    ("host-unknown", "EHOSTDOWN", "EHOSTUNREACH"),
    ("source-isolated", "ENONET", ""),
    ("net-prohibited", "ENETUNREACH", "EACCES"),
    ("host-prohibited", "EHOSTUNREACH", "EACCES"),
    ("net-unreachable-tos", "ENETUNREACH", "ENETUNREACH"),
    ("host-unreachable-tos", "EHOSTUNREACH", "EHOSTUNREACH"),
    ("precedence-violation", "EHOSTUNREACH", ""),
    ("precedence-cutoff", "EHOSTUNREACH", ""),
    ("beyond-scope", "", "EHOSTUNREACH"),
    ("policy-failed", "", "EACCES"),
    ("route-rejected", "", "EACCES"),
    ("reassembly-time-exceeded", None, "EHOSTUNREACH"),  # icmp_unreach(): ICMP_EXC_FRAGTIME
    ("parameter-problem", "EPROTO", "EPROTO"),
    ("unknown-option", "", "EPROTO"),
    ("option-missing", "EPROTO", ""),
    ("bad-length", "EPROTO", ""),
    ("source-quench", None, ""),
    ("{kind: redirect, gateway: 198.18.0.9}", None, ""),
    ("{kind: net-redirect, gateway: 198.18.0.9}", None, ""),
    ("{kind: redirect-tos, gateway: 198.18.0.9}", None, ""),
    ("{kind: net-redirect-tos, gateway: 198.18.0.9}", None, ""),
    ('{kind: redirect, gateway: "2001:2::9"}', "", None),
]


def to_syn(t, icmp):
    return t.profile(f"""
        summary: Answers the first SYN by an ICMP error.
        rules:
          - {{on: receive syn, first: 1, do: drop}}
          # At once it might meet the socket while connect() holds it, and count as a soft error
          # (tcp_v4_err(): sock_owned_by_user()).
          - on: receive syn
            first: 1
            after: 10ms
            do: {{icmp: {icmp}}}
    """)


def to_data(t, icmp, then):
    return t.profile(f"""
        summary: Answers the first data by an ICMP error.
        rules:
          - on: receive data
            first: 1
            do: [{then}, {{icmp: {icmp}}}]
    """)


def to_lost_data(t, icmp):
    return t.profile(f"""
        summary: Answers the first data by an ICMP error alone.
        rules:
          - {{on: receive data, first: 1, do: drop}}
          # Not while send() holds the socket: the kernel would drop it (LockDroppedIcmps).
          - {{on: receive data, first: 1, after: 10ms, do: {{icmp: {icmp}}}}}
    """)


@test
def unreachable_in_syn_sent(t):
    for host, column in ((PEER, 1), (PEER6, 2)):
        for row in UNREACHABLE:
            run = t.passed(t.run(to_syn(t, row[0]), t.probe("connect", address=host)))
            t.errno(run.call("connect"), row[column])
            t.check(run.call("connect").took < 0.5, f"{row[0]} has to end connect() at once")
            icmp = run.events("icmp")[0]
            t.equal((icmp.kind, icmp.fate, icmp.quoted["seq"], icmp.rule["line"]),
                    (row[0], "sent", 0, 6), "the event")
            t.contains(run.trace, f"{row[0]} about [S] seq 0", "the trace")


@test
def each_rare_kind_in_syn_sent(t):
    # icmp_err_convert and icmpv6_err_convert(); redirects are the routing table's business.
    for host, column in ((PEER, 1), (PEER6, 2)):
        for row in RARE:
            if row[column] == "":
                continue  # this version of IP has no such message
            run = t.passed(t.run(to_syn(t, row[0]), t.probe("connect", "close", address=host)))
            if row[column] is None:
                t.result(run.call("connect"), 0)
                t.near(run.call("connect").took, 1.0, f"the next SYN, after {row[0]}")
            else:
                t.errno(run.call("connect"), row[column])
                t.check(run.call("connect").took < 0.5, f"{row[0]} has to end connect() at once")
            t.equal(run.events("icmp")[0].fate, "sent", row[0])


@test
def each_rare_kind_in_established(t):
    # Soft, but for one call with IP_RECVERR; ignored is ignored there, too.
    for host, column in ((PEER, 1), (PEER6, 2)):
        for row in RARE:
            if row[column] == "":
                continue
            run = t.passed(t.run(to_data(t, row[0], "send"),
                                 t.probe("recverr", "connect", "send=10", "sleep=50ms", "so_error",
                                         "send=10", "sleep=50ms", "queues", address=host)))
            t.equal(run.call("SO_ERROR").error, row[column] or "0", f"SO_ERROR after {row[0]}")
            t.result(run.call("send", 1), 10)
            t.equal(run.call("queues").send_q, 0, "bytes unacknowledged in the end")


@test
def a_quoted_number_out_of_the_window_is_ignored(t):
    for host in (PEER, PEER6):
        profile = to_syn(t, "{kind: port-unreachable, seq: seg.seq+2}")
        run = t.passed(t.run(profile, t.probe("connect", "close", address=host)))
        t.result(run.call("connect"), 0)
        t.near(run.call("connect").took, 1.0, "the time until the next SYN")
        t.equal(run.events("icmp")[0].quoted["seq"], 2, "the quoted number")


@test
def unreachable_in_established_is_soft(t):
    # sk_err_soft: the connection lives, and SO_ERROR alone tells, until the retransmission after
    # 200 ms is acknowledged.
    for host in (PEER, PEER6):
        run = t.passed(t.run(to_lost_data(t, "host-unreachable"),
                             t.probe("connect", "send=10", "sleep=150ms", "so_error", "send=10",
                                     "sleep=500ms", "queues", "info", address=host)))
        t.equal(run.call("SO_ERROR").error, "EHOSTUNREACH", "SO_ERROR")
        t.result(run.call("send", 1), 10)
        t.equal(run.call("queues").send_q, 0, "bytes unacknowledged in the end")
        t.equal(run.call("TCP_INFO").state, "ESTABLISHED", "state")


@test
def unreachable_in_established_with_recverr(t):
    # IP_RECVERR makes it a hard error for one call; the connection still lives.
    for host, column in ((PEER, 1), (PEER6, 2)):
        for row in UNREACHABLE:
            run = t.passed(t.run(to_data(t, row[0], "send"),
                                 t.probe("recverr", "connect", "send=10", "sleep=50ms", "recv",
                                         "send=10", "sleep=50ms", "queues", address=host)))
            t.errno(run.call("recv"), row[column])
            t.result(run.call("send", 1), 10)
            t.equal(run.call("queues").send_q, 0, "bytes unacknowledged in the end")


@test
def the_soft_error_is_what_a_timeout_reports(t):
    # tcp_write_err(): sk_err_soft in place of ETIMEDOUT.
    profile = t.profile("""
        summary: A host that goes away, and a router that says so.
        rules:
          - {on: receive data, do: [drop, {icmp: host-unreachable}]}
    """)
    run = t.passed(t.run(profile, t.probe("user_timeout=1s", "connect", "send=10", "recv")))
    t.errno(run.call("recv"), "EHOSTUNREACH")


@test
def frag_needed_lowers_the_mss(t):
    # tcp_v4_mtu_reduced(), tcp_v6_mtu_reduced(): what was too long is sent again at once.
    for host, mtu, headers in ((PEER, 1200, 40), (PEER6, 1300, 60)):
        profile = t.profile(f"""
            summary: A path that takes packets of {mtu} bytes and says so.
            rules:
              - on: receive data
                when: {{packet_length: "> {mtu}"}}
                do: [drop, {{icmp: {{frag-needed: {mtu}}}}}]
        """)
        run = t.passed(t.run(profile, t.probe("connect", "send=5000", "sleep=150ms", "queues",
                                              "info", address=host)))
        t.equal(run.call("queues").send_q, 0, "bytes unacknowledged")
        t.equal(run.call("TCP_INFO").snd_mss, mtu - headers - 12, "snd_mss, beside timestamps")
        t.equal(run.events("icmp")[0].mtu, mtu, "the MTU of the event")
        accepted = run.received("data", fate="accepted")
        t.equal(max(s.len for s in accepted), mtu - headers - 12, "the longest segment")


@test
def frag_needed_in_syn_sent(t):
    # The SYN itself fits, so the error is believed, and the SYN comes again when it is due.
    run = t.passed(t.run(to_syn(t, "{frag-needed: 1000}"),
                         t.probe("connect", "send=5000", "info", "sleep=100ms")))
    t.near(run.call("connect").took, 1.0, "the time until the next SYN")
    t.equal(run.call("TCP_INFO").snd_mss, 1000 - 40 - 12, "snd_mss")


@test
def unreachable_on_connect(t):
    for kind, error, error6 in UNREACHABLE:
        for address, expected in ((PEER, error), (PEER6, error6)):
            run = t.passed(t.run("unreachable-on-connect", t.probe("connect", address=address),
                                 sets={"kind": kind}))
            t.errno(run.call("connect"), expected)
            t.check(run.call("connect").took < 0.5, f"connect() took {run.call('connect').took} s")
            t.equal(len(run.received("syn")), 1, f"SYNs before {kind}")


@test
def firewall_reject_and_routing_loop(t):
    for profile in ("firewall-reject", "routing-loop"):
        run = t.passed(t.run(profile, t.probe("connect")))
        t.errno(run.call("connect"), "EHOSTUNREACH")


@test
def unreachable_when_open(t):
    for kind, expected in (("host-unreachable", "EHOSTUNREACH"),
                           ("port-unreachable", "ECONNREFUSED")):
        run = t.passed(t.run("unreachable-when-open", t.probe(
            "user_timeout=900ms", "connect", "send=10", "poll=in,300ms", "info", "recv"),
            sets={"kind": kind}))
        t.result(run.call("poll"), 0)
        t.equal(run.call("TCP_INFO").state, "ESTABLISHED", "the state meanwhile")
        t.errno(run.call("recv"), expected)
        t.check(len(run.received("data", fate="dropped")) >= 2, "retransmissions")


@test
def icmp_wrong_quote(t):
    run = t.passed(t.run("icmp-wrong-quote", t.probe("connect", "send=10", "sleep=50ms",
                                                     "so_error")))
    t.result(run.call("connect"), 0)
    t.equal(run.call("SO_ERROR").error, "0", "the socket's error")
    t.equal(len(run.events("icmp")), 1, "ICMP errors")


@test
def unreachable_while_closing(t):
    # Soft in these states as well: retransmission goes on, and the error is what it ends with.
    for state, rules in (("FIN-WAIT-1", ""), ("LAST-ACK",
                                              "rules:\n  - {on: enter established, do: shutdown}")):
        profile = t.profile(f"summary: The same.\nextends: unreachable-when-open\n{rules}\n")
        run = t.passed(t.run(profile, t.probe("user_timeout=900ms", "connect", "sleep=50ms",
                                              "shutdown", "sleep=300ms", "info", "sleep=1s",
                                              "so_error")))
        t.equal(run.call("TCP_INFO").state, state, "the state while the FIN is retransmitted")
        t.check(len(run.received("fin", fate="dropped")) >= 2, f"FINs in {state}")
        t.equal(run.call("SO_ERROR").error, "EHOSTUNREACH", f"the error in the end of {state}")
