"""The loopback link: raw sockets on the program's own lo, behind a port guard."""

import os
import signal

from harness import since, test

LARGE = ("--mtu", "65535")  # lo's own
CALLS = """
    import errno, socket
    def call(host, port):
        s = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        s.settimeout(2)
        try:
            s.connect((host, port))
            return "connected"
        except TimeoutError:
            return "timeout"
        except OSError as error:
            return errno.errorcode[error.errno]
        finally:
            s.close()
"""


def calls(t, *lines):
    return t.python(CALLS + "\n".join("    " + line for line in lines))


# Where the peer is --------------------------------------------------------------------------------


@test
def refuses_twice_and_works(t):
    t.need("curl")
    for place in ("127.0.0.1:8080", "[::1]:8080", "127.8.9.10:443"):
        run = t.passed(t.run(None, ["curl", "-sSg", "--retry", "2", "--retry-connrefused",
                                    "--retry-delay", "1", f"http://{place}/"],
                             options=["--peer", f"{place}=refuse-twice"]))
        t.equal(run.text, "ok\n", "curl's output")
        attempts = run.events("attempt")
        t.equal([a.dst for a in attempts], [place] * 3, "where curl went")
        t.near_all(since(attempts, attempts[0]), [0, 1, 2], "attempts")


@test
def environment_says_where(t):
    command = ["sh", "-c", "echo $GHOSTPEER_ADDR $GHOSTPEER_ADDR6 $GHOSTPEER_PORT"]
    for options, profile, expected in (
            ([], "healthy", "127.0.0.1 ::1 8080"),
            (["--port", "443"], "healthy", "127.0.0.1 ::1 443"),
            (["--peer", "127.0.0.9:81=healthy"], None, "127.0.0.9 ::1 81"),
            (["--peer", "[::1]:82=healthy"], None, "127.0.0.1 ::1 82")):
        run = t.passed(t.run(profile, command, options=options))
        t.equal(run.text.strip(), expected, f"the environment with {options}")


@test
def profile_is_on_a_port_of_every_address(t):
    run = t.passed(t.run("healthy", calls(
        t, "print(call('127.0.0.1', 443), call('127.3.4.5', 443), call('::1', 443))",
        "print(call('127.0.0.1', 8080), call('::1', 444), call('127.3.4.5', 80))"),
        options=["--port", "443"]))
    t.equal(run.text.split(), ["connected"] * 3 + ["ECONNREFUSED"] * 3, "what connect() said")
    notices = [n.text for n in run.events("notice", what="link")]
    t.equal(len(notices), 1, "notices about the link")
    t.contains(notices[0], "answers on port 443 of every address that lo has", "the notice")


@test
def names_have_addresses_of_their_own(t):
    run = t.passed(t.run(None, calls(
        t, "names = ('api.example', 'db.example')",
        "for name in names:",
        "    for *_, where in socket.getaddrinfo(name, 5432, type=socket.SOCK_STREAM):",
        "        print(where[0], call(where[0], 5432))"),
        options=["--family", "both", "--peer", "api.example:5432=healthy",
                 "--peer", "db.example:5432=refuse"]))
    t.equal(sorted(run.text.splitlines()),
            ["127.0.0.1 connected", "127.0.0.2 ECONNREFUSED", "2001:2::3 ECONNREFUSED",
             "::1 connected"], "the names' addresses, and what answered there")
    t.equal(len(run.sent("rst")), 2, "refusals by the peer and not by the kernel")


@test
def peers_of_several_kinds(t):
    run = t.passed(t.run("silent-after-handshake", calls(
        t, "print(call('127.0.0.1', 8080), call('127.0.0.7', 81), call('127.0.0.7', 8080))"),
        options=["--peer", ":81=refuse", "--peer", "127.0.0.7:8080=refuse"]))
    t.equal(run.text.split(), ["connected", "ECONNREFUSED", "ECONNREFUSED"], "what connect() said")
    t.equal(len(run.sent("rst", rule=lambda rule: rule)), 2, "RSTs of the profile refuse")


# What is not the peer's ---------------------------------------------------------------------------


@test
def the_rest_of_lo_is_left_alone(t):
    run = t.passed(t.run("syn-blackhole", calls(
        t, "a = socket.create_server(('127.0.0.1', 9000))",
        "b = socket.create_connection(a.getsockname())",
        "c, _ = a.accept()",
        "c.sendall(b'x' * 100000)",
        "c.close()",
        "print(sum(map(len, iter(lambda: b.recv(65536), b''))))",
        "u, v = (socket.socket(type=socket.SOCK_DGRAM) for _ in 'uv')",
        "u.bind(('127.0.0.1', 8080))",
        "v.sendto(b'hello', u.getsockname())",
        "print(u.recv(9))",
        "print(call('127.0.0.1', 8080))")))
    t.equal(run.text.splitlines(), ["100000", "b'hello'", "timeout"], "what the program saw")
    t.equal({s.dst for s in run.received()}, {"127.0.0.1:8080"}, "where segments were seen")
    t.equal([n.text for n in run.events("notice") if n.what != "link"], [], "notices")


@test
def the_guard_has_the_port(t):
    code = """
        import errno, socket
        for address in ("127.0.0.1", "0.0.0.0"):
            try:
                socket.create_server((address, 8080))
            except OSError as error:
                print(errno.errorcode[error.errno])
        socket.create_server(("127.0.0.2", 8080))
    """
    run = t.passed(t.run(None, t.python(code), options=["--peer", "127.0.0.1:8080=healthy"]))
    t.equal(run.text.split(), ["EADDRINUSE", "EADDRINUSE"], "what bind() said")


@test
def nothing_is_left_after_sigkill(t):
    run = t.start("healthy", ["sh", "-c", "echo $$ > started; sleep 100"], outputs=False,
                  options=["-q"])
    t.eventually(lambda: os.path.exists(t.path("started")) and os.path.getsize(t.path("started")),
                 "COMMAND runs")
    with open(f"/proc/{run.process.pid}/task/{run.process.pid}/children") as file:
        children = [int(pid) for pid in file.read().split()]
    t.check(children, "ghostpeer has a helper")
    run.process.send_signal(signal.SIGKILL)
    run.process.wait(10)
    # The namespace, its guards and all that ran in it end with the helper.
    t.eventually(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in children),
                 "the helper has ended")


# Packets ------------------------------------------------------------------------------------------


@test
def large_segments(t):
    profile = t.profile("summary: Says all that it hears.\nservice: echo\n")
    code = """
        import os, socket, sys, threading
        s = socket.create_connection((sys.argv[1], 8080))
        data = os.urandom(1_000_000)
        def send():
            s.sendall(data)
            s.shutdown(1)
        threading.Thread(target=send).start()
        print(b"".join(iter(lambda: s.recv(1 << 20), b"")) == data)
    """
    for host, mss in (("127.0.0.1", 65495), ("::1", 65476)):
        run = t.passed(t.run(profile, t.python(code, host), options=LARGE))
        t.equal(run.text, "True\n", "the data came back")
        t.equal(run.received("syn")[0].options["mss"], mss, "the program's MSS")
        for what in (run.received("data"), run.sent("data")):
            t.check(max(s.len for s in what) > 30_000, f"segments of {[s.len for s in what]} bytes")
        t.equal(run.events("notice", what="odd-packet"), [], "packets that were ignored")


@test
def a_source_to_the_last_byte(t):
    profile = t.profile("summary: Sends 1 MB.\nservice: {source: {bytes: 1000000}}\n")
    code = """
        import socket
        s = socket.create_connection(("127.0.0.1", 8080))
        s.shutdown(1)
        print(sum(map(len, iter(lambda: s.recv(1 << 20), b""))))
    """
    for options in (LARGE, ("--mtu", "1500")):
        run = t.passed(t.run(profile, t.python(code), options=options))
        t.equal(run.text, "1000000\n", "bytes")


@test
def the_mtu_can_be_had(t):
    run = t.passed(t.run("healthy", t.probe("connect", "info"), options=["--mtu", "1400"]))
    t.equal(run.received("syn")[0].options["mss"], 1360, "the program's MSS")
    t.equal(run.sent("syn-ack")[0].options["mss"], 1360, "the peer's MSS")


@test
def icmp_errors(t):
    profile = t.profile("summary: No way.\n"
                        "rules:\n  - {on: receive syn, do: {icmp: host-unreachable}}\n")
    run = t.passed(t.run(profile, calls(t, "print(call('127.0.0.1', 8080), call('::1', 8080))"),
                         sysctls={"net.ipv4.tcp_syn_retries": 1}))
    # Such an error is soft and told at the end in IPv6, and hard in SYN-SENT in IPv4: tcp_v4_err().
    t.equal(run.text.split()[0], "EHOSTUNREACH", "what connect() said")


@test
def bad_checksums_are_the_kernels_to_find(t):
    run = t.passed(t.run("bad-checksum", [
        "sh", "-c", "curl -sS --max-time 5 http://127.0.0.1:8080/; "
                    "grep ^Tcp: /proc/net/snmp | tail -1 | awk '{print \"bad\", $16}'"]))
    t.check(int(run.text.split()[-1]) > 0, "the kernel counts InCsumErrors")


@test
def sockets_are_shown(t):
    run = t.passed(t.run("healthy", t.probe("connect", "sleep=100ms", "close"),
                         options=["--sockets"]))
    t.equal({(v.src.rsplit(":")[0], v.dst) for v in run.events("socket")},
            {("127.0.0.1", "127.0.0.1:8080")}, "the sockets")


# The peer dials -----------------------------------------------------------------------------------

SERVER = """
    import socket, sys
    s = socket.create_server((sys.argv[1], 8080), backlog=1000,
                             family=socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET)
    connections = [s.accept() for _ in range(int(sys.argv[2]))]
    print(len({where for _, where in connections}), connections[0][1][0])
"""


@test
def client_crowd(t):
    for listen, address in (("127.0.0.1", "127.0.0.1"), ("::1", "::1")):
        run = t.passed(t.run("many-connections", t.python(SERVER, listen, "400"),
                             options=["--port", "8080"], sets={"connections": 400}))
        t.equal(run.text, f"400 {address}\n", "clients, and where they are")
        t.equal(len({a.src for a in run.events("attempt")}), 400, "ports that were dialled from")
        # Without a guard the kernel would answer each SYN-ACK so.
        t.equal([s for s in run.received("rst") if s.t < run.events("exit")[0].t - 0.05], [],
                "RSTs from the program's side")


@test
def client_of_a_name_and_port(t):
    profile = t.profile("summary: Dials.\nrole: client\n"
                        "client: {port: 8080, source_port: 4711}\nextends: half-close-client\n")
    run = t.passed(t.run(None, t.python(SERVER, "0.0.0.0", "1"),
                         options=["--peer", "api.example:443=healthy",
                                  "--peer", f"caller.example={profile}"]))
    t.equal(run.text, "1 127.0.0.2\n", "the client's address")
    t.equal(run.events("attempt")[0].src, "127.0.0.2:4711", "the client's port")


@test
def client_that_nobody_waits_for(t):
    run = t.run("healthy-client", ["sleep", "0.2"], options=["--port", "8080"])
    t.equal(run.status, 123, "the exit status")
    t.contains("\n".join(run.verdict.failures),
               "COMMAND never listened on port 8080 of 127.0.0.1 or ::1.", "the verdict")
    t.check("It listened at" not in "\n".join(run.verdict.failures), "guards are no listeners")


# What is not possible -----------------------------------------------------------------------------


def refused(t, arguments, *parts):
    run = t.ghostpeer("run", "--link", "loopback", *arguments, "--", "true")
    t.equal(run.status, 125, "the exit status")
    for part in parts:
        t.contains(run.errors, part, "the message")
    t.equal(run.errors.count("\n"), 1, "lines")


@test
def an_address_that_is_not_the_hosts(t):
    refused(t, ["--peer", "198.18.0.2:80=healthy"],
            "The peer cannot have 198.18.0.2:80: the address is none of this host's",
            "or --link tun or ethernet")


@test
def a_peer_without_a_port(t):
    refused(t, ["--peer", "api.example=healthy"],
            "--peer …=healthy names no port, and over --link loopback a peer answers on one alone",
            "--port 8080")


@test
def more_ports_than_there_are(t):
    profile = t.profile("summary: Dials.\nrole: client\n"
                        "client: {port: 8080, source_port: 2000, connections: 5000}\n")
    refused(t, [profile], "opens 5000 connections, each from a port of its own (`source_port`)",
            "Open fewer")
