"""The rest of the wire, against real sockets: conditions on headers, segments that wait for an event,
routers, what stands between IP and TCP, signatures, and the program's own interface."""

from harness import PEER, PEER6, test

HELLO = """
summary: Says hello.
tcp: {{rto: {rto}, delayed_ack: off, recovery: reno}}
rules:
{rules}
  - on: enter established
    do: {{say: hello}}
"""

# Connects, reads five bytes, and does what else is asked for.
PROGRAM = """
import errno, socket, sys, time
def open_socket():
    s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET)
    s.settimeout(10)
    return s
def name(error):
    return errno.errorcode.get(error.errno, str(error))
def receive(s, n):
    data = b""
    while len(data) < n:
        part = s.recv(n - len(data))
        if not part:
            break
        data += part
    return data.decode("latin-1")
def counter(name):
    for path in ("/proc/net/snmp", "/proc/net/netstat"):
        lines = open(path).read().splitlines()
        for heads, values in zip(lines[::2], lines[1::2]):
            if name in heads.split():
                return int(values.split()[heads.split().index(name)])
    return -1
"""


def hello(t, rules, body, host=PEER, rto="200ms"):
    profile = t.profile(HELLO.format(rules=rules, rto=rto))
    return t.run(profile, [*t.python(PROGRAM + body)[:3], host])


CONNECT = "s = open_socket(); s.connect((sys.argv[1], 8080))\n"


@test
def conditions_on_headers(t):
    # The program's SYN says what it is; each rule sees one part of it.
    for host, family in ((PEER, "df: on, id: 0.."), (PEER6, "tos: 0")):
        run = t.passed(hello(t, f"""
  - {{on: receive syn, when: {{has: [S], lacks: [A, F], option: [mss, sack-permitted], no_option: 34,
     mss: "> 500", window_scale: 0..14, ttl: 64, ecn: not-ect, {family}}}, do: {{log: as it is}}}}
  - {{on: receive data, when: {{ack: snd.nxt, seq: rcv.nxt}}, do: {{log: in order}}}}
  - {{on: receive any, when: {{has: [S], ttl: "< 64"}}, do: {{log: never}}, optional: true}}
""", CONNECT + "receive(s, 5); s.send(b'abc'); s.close()\n", host))
        t.equal([log.text for log in run.events("log")], ["as it is", "in order"], f"lines of {host}")


@test
def within_a_time_of_an_event(t):
    run = t.passed(hello(t, """
  - {on: receive data, within: 200ms of send data, do: {log: soon}}
  - {on: receive data, within: ">= 200ms of send data", do: {log: late}}
""", CONNECT + "receive(s, 5); s.send(b'abc'); time.sleep(0.5); s.send(b'def'); s.close()\n"))
    t.equal([log.text for log in run.events("log")], ["soon", "late"], "what came when")


@test
def held_until_an_event(t):
    # The FIN, and what the rule lets go then: the last first, and the kernel puts it in order.
    run = t.passed(hello(t, """
  - {on: send data, first: 1, do: {hold: until received 3B}}
""", CONNECT + """
started = time.monotonic()
time.sleep(0.1)
s.send(b"abc")
print(receive(s, 5), time.monotonic() - started < 5)
""", rto="5s"))
    t.equal(run.text, "hello True\n", "what was read")
    held, *left = run.sent("data")
    t.equal(held.fate, "delayed", "the first")
    t.check(left[0].t > run.received("data")[0].t, "it left before the program had spoken")


@test
def released_the_last_first(t):
    profile = t.profile("""
summary: Three words, the last one first.
tcp: {rto: 5s, recovery: reno}
rules:
  - {on: send data, first: 3, do: {hold: {until: received 3B, release: reversed}}}
  - on: enter established
    do: [{say: one}, {say: two}, {say: six}]
""")
    run = t.passed(t.run(profile, [*t.python(PROGRAM + CONNECT + """
s.send(b"abc")
print(receive(s, 9), counter("TCPOFOQueue"))
""")[:3], PEER]))
    t.equal(run.text, "onetwosix 2\n", "what was read, and what came out of order")


@test
def a_router_says_so(t):
    # tcp_v4_err() and tcp_v6_err() believe who quotes the right numbers, whoever it is.
    for host, router, kind, expected in (
            (PEER, "198.18.255.1", "host-unknown", "EHOSTDOWN"),
            (PEER, "198.18.255.1", "source-route-failed", "EOPNOTSUPP"),
            (PEER, "198.18.255.1", "protocol-unreachable", "ENOPROTOOPT"),
            (PEER6, "2001:2::99", "policy-failed", "EACCES")):
        profile = t.profile(f"""
summary: A router refuses.
rules:
  - {{on: receive syn, do: [drop, {{icmp: {{kind: {kind}, from: "{router}"}}}}]}}
""")
        run = t.passed(t.run(profile, t.probe("connect", address=host)))
        t.errno(run.call("connect"), expected)
        t.equal(run.events("icmp")[0].src, router, "who said it")


@test
def source_quench_is_ignored(t):
    run = t.passed(hello(t, "  - {on: receive data, do: {icmp: source-quench}}",
                         CONNECT + "receive(s, 5); s.send(b'abc'); time.sleep(0.1)\n"
                                   "print(s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))\n"))
    t.equal(run.text, "0\n", "the socket's error")


@test
def forged_from_elsewhere(t):
    # A RST from another port is none of this connection's.
    run = t.passed(hello(t, """
  - {on: enter established, do: {send: {flags: R, seq: snd.nxt, from: ":81"}}}
""", CONNECT + "print(receive(s, 5), counter('EstabResets'))\n"))
    t.equal(run.text, "hello 0\n", "what was read")
    t.equal(run.sent("rst")[0].src, f"{PEER}:81", "where it is from")


@test
def single_fragments(t):
    text = "x" * 200
    for fates, whole in (("order: reversed", True), ("late: {2: 50ms}", True),
                         ("lose: 2", False), ("overlap: 8", False)):
        profile = t.profile(f"""
summary: In fragments.
tcp: {{rto: 300ms}}
rules:
  - {{on: send data, first: 1, do: {{fragment: {{size: 64, {fates}}}}}}}
  - {{on: enter established, do: {{say: {text}}}}}
""")
        run = t.passed(t.run(profile, [*t.python(PROGRAM + CONNECT + "print(len(receive(s, 200)))\n")[:3],
                                       PEER]))
        t.equal(run.text, "200\n", f"what was read, {fates}")
        t.equal(len(run.sent("data")), 1 if whole else 2, f"segments, {fates}")


@test
def ip_options_and_extension_headers(t):
    for host, what in ((PEER, "ip_options: 94040000"),
                       (PEER6, "extension_headers: [hop-by-hop, {destination: 01040000 0000}]")):
        run = t.passed(hello(t, f"  - {{on: send data, first: 1, do: {{set: {{{what}}}}}}}",
                             CONNECT + "print(receive(s, 5))\n", host))
        t.equal(run.text, "hello\n", f"what was read, {what}")
        t.equal(len(run.sent("data")), 1, f"segments, {what}")


@test
def a_signature_nobody_asked_for(t):
    # tcp_inbound_md5_hash() throws it away; the peer says it again without.
    run = t.passed(hello(t, "  - {on: send data, first: 1, do: {set: {md5: secret}}}",
                         CONNECT + "print(receive(s, 5), counter('TCPMD5Unexpected'))\n"))
    t.equal(run.text, "hello 1\n", "what was read, and TCPMD5Unexpected")


SIGNED = """
import struct
def sign(s, key):
    # struct tcp_md5sig: the address in 128 bytes, flags, prefix, length of the key, interface, key.
    where = struct.pack("=H2x4s120x", socket.AF_INET, socket.inet_aton(sys.argv[1]))
    s.setsockopt(socket.IPPROTO_TCP, 14, where + struct.pack("=BBHi80s", 0, 0, len(key), 0, key))
s = open_socket()
try:
    sign(s, sys.argv[2].encode())
except OSError as error:
    print(name(error))
    sys.exit()
"""


def signed(t, key, body):
    profile = t.profile("""
summary: Has a key.
tcp: {md5: secret, rto: 200ms}
rules:
  - {on: enter established, do: {say: {bytes: 20000}}, optional: true}
""")
    run = t.run(profile, [*t.python(PROGRAM + SIGNED + body)[:3], PEER, key])
    if "ENOPROTOOPT" in run.text:
        t.skip("this kernel has no TCP MD5 signatures")
    return run


@test
def a_peer_with_a_key(t):
    run = t.passed(signed(t, "secret", """
s.connect((sys.argv[1], 8080))
s.send(b"abc")
print(len(receive(s, 20000)), counter("TCPMD5NotFound"), counter("TCPMD5Failure"))
"""))
    t.equal(run.text, "20000 0 0\n", "what was read, and refused signatures")
    t.equal(run.received("data")[0].len, 3, "what the peer took")


@test
def a_peer_with_another_key(t):
    run = signed(t, "other", """
s.settimeout(0.5)
try:
    s.connect((sys.argv[1], 8080))
except OSError as error:
    print(error)
""")
    t.equal(run.text, "timed out\n", "connect() with another key")
    t.contains(" ".join(notice.text for notice in run.events("notice")), "not signed with the key",
               "the notices")


@test
def a_cookie_brings_data_on_the_next_syn(t):
    profile = t.profile("""
summary: Gives cookies of TCP Fast Open.
rules:
  - {on: send syn-ack, do: {set: {fast_open: 0123456789abcdef}}}
""")
    run = t.passed(t.run(profile, [*t.python(PROGRAM + """
for _ in range(2):
    s = open_socket()
    s.settimeout(None)  # who does not wait gets EINPROGRESS where there is no cookie yet
    s.sendto(b"abc", socket.MSG_FASTOPEN, (sys.argv[1], 8080))
    time.sleep(0.1)
    s.close()
    time.sleep(0.1)
""")[:3], PEER], sysctls={"net.ipv4.tcp_fastopen": 1}))
    first, second = run.received("syn")
    t.equal([34 in syn.options["skipped"] for syn in (first, second)], [True, True], "option 34")
    t.equal((first.len, second.len), (0, 3), "data on the SYNs")


@test
def options_that_nobody_speaks(t):
    run = t.passed(hello(t, """
  - {on: send syn-ack, do: {set: {fast_open: 0123456789abcdef, accecn: [1]}}}
""", CONNECT + "print(receive(s, 5))\n"))
    t.equal(run.text, "hello\n", "what was read")
    t.equal(run.sent("syn-ack")[0].options["skipped"], [34, 172], "options of the SYN-ACK")


INTERFACE = """
summary: Something happens to the program's interface.
rules:
  - {{on: receive data, nth: 1, do: {{interface: {state}}}}}
  - {{on: receive data, nth: 1, after: 500ms, do: {{interface: up}}}}
  - {{on: received 6B, do: {{say: hello}}}}
"""


@test
def the_interface_goes_and_comes(t):
    # The connection outlives it: TCP sends again (tcp_write_timeout), and the answer comes.
    for state, host in (("down", PEER), ("no-carrier", PEER), ("no-route", PEER), ("down", PEER6)):
        profile = t.profile(INTERFACE.format(state=state))
        run = t.passed(t.run(profile, [*t.python(PROGRAM + CONNECT + """
s.send(b"abc")
time.sleep(0.2)
try:
    other = open_socket(); other.settimeout(0.1); other.connect((sys.argv[1], 8081))
    print("connected")
except OSError as error:
    print(name(error))
s.send(b"def")
print(receive(s, 5))
""")[:3], host]))
        expected = "timed out" if state == "no-carrier" else "ENETUNREACH"
        t.equal(run.text, f"{expected}\nhello\n", f"connect() and recv(), {state}, {host}")
        t.equal([rule.detail for rule in run.events("rule", action="interface")], [state, "up"],
                "what the rules did")
