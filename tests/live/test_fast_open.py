"""TCP Fast Open: the peer as a server, real sockets as clients.

A kernel keeps a cookie for each address (tcp_fastopen_cache_set()), so that the second connection has
one. Measured on Linux 6.18."""

from harness import PEER, PEER6, test

# Connects so often, each time with data at once, and reads as much as it has sent.
CLIENT = """
import socket, sys, time
def counter(name):
    lines = open("/proc/net/netstat").read().splitlines()
    for heads, values in zip(lines[::2], lines[1::2]):
        if name in heads.split():
            return int(values.split()[heads.split().index(name)])
took = []
for _ in range(int(sys.argv[2])):
    s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET)
    started = time.monotonic()
    s.sendto(b"abc\\n", socket.MSG_FASTOPEN, (sys.argv[1], 8080))
    data = b""
    while len(data) < 4:
        data += s.recv(10)
    took.append(time.monotonic() - started)
    assert data == b"abc\\n", data
    s.close()
    time.sleep(0.1)
print(counter("TCPFastOpenActive"), counter("TCPFastOpenActiveFail"))
"""

SERVER = """
    summary: Speaks Fast Open.
    tcp: {{fast_open: true}}
    service: echo
    rules:
      {rules}
"""


def dialled(t, times, rules="[]", host=PEER):
    run = t.passed(t.run(t.profile(SERVER.format(rules=rules)),
                         [*t.python(CLIENT)[:3], host, str(times)],
                         sysctls={"net.ipv4.tcp_fastopen": 1}))
    syns, answers = run.received("syn"), run.sent("syn-ack")
    return run, [syn.len for syn in syns], [answer.ack for answer in answers]


@test
def the_second_connection_has_a_cookie(t):
    for host in (PEER, PEER6):
        run, sent, taken = dialled(t, 2, host=host)
        t.equal((sent, taken), ([0, 4], [1, 5]), "data on the SYNs, and what was acknowledged")
        t.equal(run.text, "1 0\n", "TCPFastOpenActive, and -Fail")
        t.equal([34 in (answer.options.get("skipped") or []) for answer in run.sent("syn-ack")],
                [True, False], "cookies on the SYN-ACKs")
        t.equal([data.len for data in run.received("data")], [4], "data behind a handshake")


@test
def another_cookie_is_no_good(t):
    # The first connection is given a false one; the second is given a good one in its place.
    run, sent, taken = dialled(
        t, 3, "- {on: send syn-ack, when: {attempt: 1}, do: {set: {fast_open: 0123456789abcdef}}}")
    t.equal((sent, taken), ([0, 4, 4], [1, 1, 5]), "data on the SYNs, and what was acknowledged")
    t.equal(run.text, "1 1\n", "TCPFastOpenActive, and -Fail")
    t.equal([data.len for data in run.received("data")], [4, 4], "data behind a handshake")


@test
def a_cookie_is_withheld(t):
    _, sent, taken = dialled(
        t, 2, "- {on: send syn-ack, do: {set: {fast_open: off}}}")
    t.equal((sent, taken), ([0, 0], [1, 1]), "data on the SYNs, and what was acknowledged")


@test
def data_is_not_taken(t):
    run, sent, taken = dialled(
        t, 2, "- {on: receive syn, when: {length: \"> 0\"}, do: {set: {fast_open: off}}}")
    t.equal((sent, taken), ([0, 4], [1, 1]), "data on the SYNs, and what was acknowledged")
    t.equal([data.len for data in run.received("data")], [4, 4], "data behind a handshake")


@test
def fast_open_blackhole(t):
    run = t.passed(t.run("fast-open-blackhole", t.python("""
        import socket, time
        for number in range(2):
            s = socket.socket()
            s.sendto(b"abc\\n", socket.MSG_FASTOPEN, ("198.18.0.2", 8080))
            assert s.recv(10) == b"ok"
            s.close()
            time.sleep(0.1)
        """), sysctls={"net.ipv4.tcp_fastopen": 1}))
    first, lost, again = run.received("syn")
    t.equal((first.len, lost.len, again.len), (0, 4, 0), "data on the SYNs")
    t.equal((lost.fate, again.conn), ("dropped", lost.conn), "the SYN with data, and the next")
    t.near(again.t - lost.t, 1.0, "the time until the next SYN")
    t.equal(again.options.get("skipped"), None, "options that are not the peer's")
