"""`ghostpeer serve`: where it appears, how it begins and ends, and what it may do meanwhile."""

import json
import os
import re
import signal
import socket
import subprocess
import time

import harness
import who
from harness import PYTHON, test
from lan_support import Segment, ready, stop

LAN = ["--interface", "eth0", "--probe-time", "0s", "--address", "192.0.2.50/24"]
PEER = "192.0.2.50"


def status_of(run):
    with open(f"/proc/{run.process.pid}/status") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)


# How it begins and ends -----------------------------------------------------------------------


@test
def sigterm_and_ctrl_c_end_it_with_a_summary(t):
    with Segment(t, "ab") as segment:
        for number in (signal.SIGTERM, signal.SIGINT):
            run = segment.serve("b", "refuse", *LAN)
            t.equal(segment.get("a", PEER), 7, "curl's status")
            stop(run, number)
            t.contains(run.trace, f"{number.name} ended the run", "the summary")
            t.contains(run.trace, "refused", "the summary")
            t.passed(run)


@test
def sigterm_while_it_probes_ends_it_at_once(t):
    with Segment(t, "ab") as segment:
        watch = segment.watch("a", 3)
        run = segment.serve("b", "healthy", "--interface", "eth0", "--address", f"{PEER}/24",
                            wait=False)
        t.eventually(lambda: os.path.exists(f"/proc/{run.process.pid}/status")
                     and status_of(run)["Seccomp"] == "2", "it is at work")
        stop(run)
        t.equal(run.text, "", "standard output")
        t.equal([f for f in watch(what="request") if f["sender"] == PEER], [], "announcements")


@test
def a_rule_that_was_never_met_is_no_failure_but_an_expectation_is(t):
    profile = t.profile("""
        summary: Has both.
        extends: healthy
        rules:
          - {on: receive rst, do: {log: never}}
        expect:
          - see: receive rst
        """)
    with Segment(t, "ab") as segment:
        run = segment.serve("b", "refuse", *LAN)
        t.passed(stop(run))
        run = segment.serve("b", profile, *LAN)
        stop(run, status=123)
        t.equal([f for f in run.verdict.failures if "the rule never fired" in f], [], "failures")


@test
def a_timeout_ends_it(t):
    with Segment(t, "ab") as segment:
        run = segment.serve("b", "healthy", *LAN, "--timeout", "300ms")
        run.finish(20)
        t.equal(run.status, 124, "exit status")


@test
def a_service_manager_is_told(t):
    profile = t.profile("extends: healthy\nsummary: It works.\n")
    manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    manager.bind(t.path("notify"))
    manager.settimeout(20)
    os.chmod(t.path("notify"), 0o777)
    with Segment(t, "ab") as segment:
        run = segment.serve("b", profile, *LAN, env={"NOTIFY_SOCKET": t.path("notify")})
        t.equal(manager.recv(1000).decode(), f"READY=1\nSTATUS=The peer is at {PEER}", "datagram")
        before = time.monotonic_ns() // 1000
        run.process.send_signal(signal.SIGHUP)
        reloading = manager.recv(1000).decode()
        match = re.fullmatch(r"RELOADING=1\nMONOTONIC_USEC=(\d+)", reloading)
        t.check(match and before <= int(match[1]) <= time.monotonic_ns() // 1000,
                f"the datagram is {reloading!r}")
        t.equal(manager.recv(1000).decode(), "READY=1", "datagram")
        run.process.send_signal(signal.SIGTERM)
        t.equal(manager.recv(1000).decode(), "STOPPING=1", "datagram")
        run.finish(20)
        t.equal(run.status, 0, "exit status")
    manager.close()


@test
def a_service_manager_in_the_abstract_namespace_is_told(t):
    manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    name = f"ghostpeer-test-{os.getpid()}"
    manager.bind("\0" + name)
    manager.settimeout(20)
    # Such names belong to a network namespace: the peer has to stay in this one.
    with Segment(t, "ab") as segment:
        run = segment.serve(None, "healthy", *LAN, "--netns", str(segment.pids["b"]),
                            env={"NOTIFY_SOCKET": "@" + name})
        t.contains(manager.recv(1000).decode(), "READY=1", "the datagram")
        stop(run)
    manager.close()


# SIGHUP ---------------------------------------------------------------------------------------


@test
def sighup_reads_the_profiles_again(t):
    profile = t.profile("extends: healthy\nsummary: It works.\n")
    with Segment(t, "ab") as segment:
        run = segment.serve("b", profile, *LAN)
        t.equal(segment.get("a", PEER), "ok\n", "what curl got")
        t.profile("extends: refuse\nsummary: It does not.\n")
        run.process.send_signal(signal.SIGHUP)
        t.eventually(lambda: "The profiles were read again" in run.trace, "they were read again")
        t.equal(segment.get("a", PEER), 7, "curl's status")

        t.profile("extends: no-such-profile\nrules: 7\n")
        run.process.send_signal(signal.SIGHUP)
        t.eventually(lambda: "the old ones stay" in run.trace, "the error was told")
        t.equal(segment.get("a", PEER), 7, "curl's status")

        t.profile("extends: healthy\nsummary: It works again.\n")
        run.process.send_signal(signal.SIGHUP)
        t.eventually(lambda: run.trace.count("The profiles were read again") == 2,
                     "they were read again")
        t.equal(segment.get("a", PEER), "ok\n", "what curl got")
        t.passed(stop(run))
        t.contains(run.errors, "profile.yaml:1", "what was told of the error")


@test
def connections_keep_their_profile_over_a_sighup(t):
    profile = t.profile("service: echo\nsummary: Echoes.\n")
    client = f"""
import socket, sys
c = socket.create_connection(("{PEER}", 80))
for line in sys.stdin:
    c.sendall(line.encode())
    print(c.recv(100).decode().strip(), flush=True)
"""
    with Segment(t, "ab") as segment:
        run = segment.serve("b", profile, *LAN)
        with subprocess.Popen(segment.command("a", [PYTHON, "-u", "-c", client]), text=True,
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            for word in ("before", "after"):
                process.stdin.write(word + "\n")
                process.stdin.flush()
                t.equal(process.stdout.readline(), word + "\n", "the echo")
                if word == "before":
                    t.profile("extends: refuse\nsummary: Refuses.\n")
                    run.process.send_signal(signal.SIGHUP)
                    t.eventually(lambda: "were read again" in run.trace, "they were read again")
        t.equal(segment.get("a", PEER), 7, "curl's status")
        stop(run)


# Other namespaces -----------------------------------------------------------------------------


@test
def a_process_names_the_network_namespace(t):
    with Segment(t, "ab") as segment:
        for where in (str(segment.pids["b"]), f"/proc/{segment.pids['b']}/ns/net"):
            run = segment.serve(None, "healthy", *LAN, "--netns", where)
            t.equal(segment.get("a", PEER), "ok\n", f"what curl got with --netns {where}")
            # The engine stays outside.
            t.equal(os.readlink(f"/proc/{os.getpid()}/ns/net") ==
                    segment.run(None, ["sh", "-c", "readlink /proc/self/ns/net"]).stdout.strip(),
                    True, "the namespace of the test")
            stop(run)


@test
def a_name_names_the_network_namespace(t):
    with Segment(t, "ab") as segment:
        # `ip netns add` would leave its mark on the whole machine.
        script = ("mount -t tmpfs none /run && mkdir /run/netns && touch /run/netns/blue && "
                  f"mount --bind /proc/{segment.pids['b']}/ns/net /run/netns/blue && exec \"$@\"")
        wrap = ["unshare", "--mount", "sh", "-c", script, "sh"]
        run = segment.serve("a", "healthy", *LAN, "--netns", "blue", wrap=wrap)
        t.equal(segment.get("a", PEER), "ok\n", "what curl got")
        stop(run)


@test
def a_namespace_that_is_not_there_is_said(t):
    for where, message in (("no-such-name", "/run/netns/no-such-name is not there"),
                           ("4194305", "there is no process of that number"),
                           ("/etc/passwd", "is no network namespace")):
        run = t.ghostpeer("serve", "healthy", *LAN, "--netns", where)
        t.equal(run.status, 125, f"exit status with --netns {where}")
        t.contains(run.errors, message, "the message")


@test
def a_peer_on_loopback_dials(t):
    profile = t.profile("""
        summary: Dials and sends five bytes.
        role: client
        client: {connections: 3}
        service: {source: {bytes: 5}}
        """)
    with Segment(t, "a") as segment:
        server = segment.start("a", [PYTHON, "-u", "-c", """
import socket
listener = socket.create_server(("127.0.0.1", 8080))
print("up", flush=True)
for _ in range(3):
    connection, peer = listener.accept()
    print(len(connection.recv(5, socket.MSG_WAITALL)), peer[0], flush=True)
"""])
        t.equal(server.stdout.readline(), "up\n", "the server")
        for where in ("a", None):
            others = ["--netns", str(segment.pids["a"])] if where is None else []
            run = segment.serve(where, "--link", "loopback", "--peer", f"127.0.0.1={profile}",
                                "--dial", "127.0.0.1:8080", *others)
            if where == "a":
                for _ in range(3):
                    t.equal(server.stdout.readline().split(), ["5", "127.0.0.1"],
                            "what the server got")
            stop(run)


# Privileges -----------------------------------------------------------------------------------


@test
def every_privilege_is_gone_once_it_is_ready(t):
    with Segment(t, "ab") as segment:
        run = segment.serve("b", "healthy", *LAN)
        status = status_of(run)
        for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
            t.equal(status[name], "0" * 16, name)
        t.equal(status["NoNewPrivs"], "1", "NoNewPrivs")
        t.equal(status["Seccomp"], "2", "Seccomp")
        t.equal(status["Uid"].split(), [str(harness.NOBODY)] * 4, "user")
        t.equal(segment.get("a", PEER), "ok\n", "what curl got")
        stop(run)


@test
def root_becomes_who_is_named_or_who_called_sudo(t):
    who.needs_root(t)
    with Segment(t, "ab") as segment:
        for arguments, env, uid in ((["--user", "daemon"], {}, "1"),
                                    (["--user", "4711"], {}, "4711"),
                                    ([], {"SUDO_UID": "1000", "SUDO_GID": "1001"}, "1000")):
            run = segment.serve("b", "healthy", *LAN, *arguments, env=env)
            t.equal(status_of(run)["Uid"].split(), [uid] * 4, "user")
            stop(run)


@test
def relayed_connections_work_without_privileges(t):
    server = subprocess.Popen([PYTHON, "-u", "-c", """
import http.server
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"the real one\\n")
    def log_message(self, *_):
        pass
server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
"""], stdout=subprocess.PIPE, text=True)
    try:
        port = server.stdout.readline().strip()
        profile = t.profile(f"""
            summary: The real server, by its name.
            service: {{relay: "localhost:{port}"}}
            """)
        with Segment(t, "ab") as segment:
            run = segment.serve(None, profile, *LAN, "--netns", str(segment.pids["b"]))
            t.equal(segment.get("a", PEER), "the real one\n", "what curl got")
            stop(run)
    finally:
        server.kill()
        server.wait()


@test
def what_needs_privileges_says_so(t):
    if t.environment.uid == 0:
        return
    for arguments in (["--interface", "lo", "--address", "192.0.2.50"],
                      ["--link", "loopback", "--peer", "127.0.0.1:8080=refuse"]):
        run = t.ghostpeer("serve", *([] if "--peer" in arguments else ["healthy"]), *arguments)
        t.equal(run.status, 125, "exit status")
    with Segment(t, "a") as segment:
        # Another user's namespace: the test's own, seen from a user namespace of its own.
        run = segment.serve("a", "healthy", *LAN, "--netns", "/proc/1/ns/net", wait=False)
        run.finish(20)
        t.equal(run.status, 125, "exit status")
        t.contains(run.errors, "that is not permitted", "the message")


# The other links ------------------------------------------------------------------------------


@test
def a_tun_device_carries_the_peer(t):
    if not os.access("/dev/net/tun", os.R_OK | os.W_OK) or t.environment.uid != 0 and \
            subprocess.run([*t.environment.prefix, "test", "-w", "/dev/net/tun"],
                           check=False).returncode != 0:
        t.skip("/dev/net/tun may not be opened by this user")
    with Segment(t, "a") as segment:
        run = segment.serve("a", "healthy", "--link", "tun")
        for address in ("198.18.0.2", "2001:2::2"):
            t.equal(segment.get("a", address), "ok\n", "what curl got")
        second = segment.serve("a", "--link", "tun", "--interface", "ghost7", "--peer",
                               "10.9.9.9:443=refuse")
        t.equal(segment.get("a", "10.9.9.9", 443), 7, "curl's status at the second peer")
        third = segment.serve("a", "healthy", "--link", "tun", wait=False)
        third.finish(20)
        t.equal(third.status, 125, "exit status")
        t.contains(third.errors, "an interface of that name exists already", "the message")
        stop(run)
        run = segment.serve(None, "healthy", "--link", "tun", "--netns",
                            str(segment.pids["a"]))
        t.equal(segment.get("a", "198.18.0.2"), "ok\n", "what curl got")
        run.process.kill()
        run.finish(20)
        links = segment.run("a", ["ip", "-json", "link"], check=True).stdout
        t.equal([link["ifname"] for link in json.loads(links)], ["lo", "eth0", "ghost7"],
                "interfaces after SIGKILL")
        stop(second)


@test
def ports_of_the_loopback_interface_are_taken(t):
    with Segment(t, "a") as segment:
        run = segment.serve("a", "--link", "loopback", "--peer", "127.0.0.1:8080=healthy",
                            "--peer", "[::1]:8081=refuse", "--peer", "192.0.2.1:8082=healthy",
                            wait=False)
        t.equal(ready(run), ["127.0.0.1:8080", "[::1]:8081", "192.0.2.1:8082"], "the line")
        t.equal(segment.get("a", "127.0.0.1", 8080), "ok\n", "what curl got")
        t.equal(segment.get("a", "::1", 8081), 7, "curl's status")
        t.equal(segment.get("a", "192.0.2.1", 8082), "ok\n", "what curl got")
        stop(run)
        t.equal(len(run.events("attempt")), 3, "attempts")
        run = segment.serve(None, "--link", "loopback", "--netns", str(segment.pids["a"]),
                            "--peer", "127.0.0.1:8080=healthy")
        t.equal(segment.get("a", "127.0.0.1", 8080), "ok\n", "what curl got with --netns")
        stop(run)


@test
def it_is_controlled_without_privileges(t):
    path = t.path("control.sock")
    with Segment(t, "ab") as segment:
        run = segment.serve("b", "healthy", *LAN, "--control", f"unix:{path}")
        t.equal(os.stat(path).st_mode & 0o777, 0o600, "the socket's mode")
        t.equal(segment.get("a", PEER), "ok\n", "what curl got")
        answer = subprocess.run(["curl", "-sS", "--unix-socket", path, "http://x/v1/connections"],
                                capture_output=True, text=True, check=False, timeout=20)
        t.contains(answer.stdout, f"{PEER}:80", f"the connections ({answer.stderr})")
        stop(run)
        t.check(not os.path.exists(path), "the control socket is still there")


# The command line -----------------------------------------------------------------------------


@test
def the_command_line_says_what_is_wrong(t):
    for arguments, message in (
            (["healthy"], "say where the peer is to appear: --interface NAME"),
            (["--interface", "eth0", "--address", PEER], "there is no PROFILE"),
            (["healthy", "--interface", "eth0"], "--interface needs --address ADDR/BITS"),
            (["healthy", "--link", "ethernet", "--address", PEER],
             "--link ethernet needs --interface NAME"),
            (["healthy", "--interface", "eth0", "--address", "192.0.2.50/33"],
             '--address needs an address that a host can have, and the bits of its network, such '
             'as 192.0.2.50/24 or 2001:db8::50/64, but got "192.0.2.50/33".'),
            (["healthy", "--interface", "eth0", "--address", "224.0.0.1"], "a host can have"),
            (["healthy", "--interface", "eth0", "--address", "::"], "a host can have"),
            (["healthy", "--interface", "eth0", "--address", PEER, "--gateway", "x"],
             "--gateway needs an address"),
            (["healthy", "--interface", "eth0", "--address", PEER, "--dial", "x:1"],
             "--dial needs ADDR:PORT"),
            (["healthy", "--interface", "eth0", "--address", PEER, "--dial", "192.0.2.1:80"],
             "no profile has `role: client`"),
            (["healthy-client", "--interface", "eth0", "--address", PEER],
             "Name the program with --dial ADDR:PORT"),
            (["--interface", "eth0", "--peer", "api.local:80=refuse"],
             '`serve` gives no names, so "api.local" has to be an address'),
            (["--link", "loopback", "--peer", "127.0.0.1=refuse"],
             "with --link loopback a peer needs an address of this host and a port"),
            (["--link", "loopback", "--peer", ":8080=refuse"],
             "--link loopback needs --peer ADDR:PORT=PROFILE"),
            (["--link", "loopback", "--peer", "127.0.0.1:8080=refuse", "healthy"],
             "a PROFILE for the rest of the world is not possible with --link loopback"),
            (["healthy", "--interface", "eth0", "--address", PEER, "--user", "no-such-user"],
             "There is no user no-such-user to become"),
            (["healthy", "--interface", "eth0", "--address", PEER, "--probe-time", "soon"],
             "--probe-time needs a time")):
        run = t.ghostpeer("serve", *arguments)
        t.equal(run.status, 125, f"exit status of {arguments}")
        t.contains(run.errors, message, f"the message for {arguments}")
    relay = t.profile("summary: Relays.\nservice: {relay: original}\n")
    run = t.ghostpeer("serve", relay, "--interface", "eth0", "--address", PEER)
    t.contains(run.errors, "`relay: original` goes to where the client wanted to go", "the message")


@test
def help_shows_examples(t):
    run = t.ghostpeer("serve", "--help")
    t.equal(run.status, 0, "exit status")
    for part in ("--interface", "--netns", "ghostpeer serve slow-reader --interface eth0"):
        t.contains(run.text, part, "the help")
