"""What was never met is no pass in silence: faults, expectations, peers, addresses."""

from control_support import inside
from harness import PEER, PYTHON, test
from verdict_support import agree

URL = f"http://{PEER}/"
BY_CHANCE = """
    summary: Loses by chance what never comes.
    extends: healthy
    rules:
      - {on: receive keepalive-probe, probability: 50%, do: drop}
"""


@test
def no_fault_happened(t):
    path = t.profile(BY_CHANCE)
    agree(t, path, ["true"], 0, "pass, but no fault happened: no rule acted, and none had to; ")
    run = agree(t, path, ["true"], 123, "FAIL: no fault happened; ", "--require-fault")
    t.contains(run.verdict.failures[0], "--require-fault asks for a fault", "the failure")
    agree(t, "reset-on-data", ["curl", "-sS", URL], 56, "COMMAND failed", "--require-fault")
    agree(t, "healthy", ["true"], 123, "FAIL: no fault happened; ", "--require-fault")
    agree(t, "healthy", ["curl", "-sS", "-o", "/dev/null", URL], 123, "FAIL: no fault happened; ",
          "--require-fault")
    agree(t, "truncated-response", ["curl", "-sS", "-o", "/dev/null", URL], 18, "COMMAND failed",
          "--require-fault")


@test
def a_fault_that_is_in_no_rule_has_to_be_met(t):
    for profile in ("answers-nothing", "coalesced-responses", "drip-response",
                    "no-options", "no-timestamps", "no-window-scale", "plain-http-on-tls-port",
                    "tiny-mss", "truncated-response"):
        agree(t, profile, ["true"], 123, f"FAIL: no connection met {profile}; ")
    both = ["--peer", "a.x=healthy", "--peer", "b.x=tiny-mss"]
    get = ["curl", "-sS", "-o", "/dev/null", "http://a.x/"]
    run = agree(t, None, get, 123, "FAIL: no connection met tiny-mss; ", *both)
    t.contains(run.trace, "No connection came to b.x, whose profile is tiny-mss.", "the verdict")
    agree(t, t.profile("""
        summary: Nobody is to come.
        extends: tiny-mss
        expect: [{attempts: 0}]
    """), ["true"], 0, "pass, COMMAND")


@test
def a_fault_that_is_an_answer_has_to_be_asked_for(t):
    silent = [PYTHON, "-c", f"import socket; socket.create_connection(('{PEER}', 80)).close()"]
    for profile in ("truncated-response", "drip-response", "coalesced-responses",
                    "plain-http-on-tls-port"):
        run = agree(t, profile, silent, 123, f"FAIL: {profile} answered nobody; ")
        t.contains(" ".join(run.verdict.failures), "expect: [{never: send data}]", "the advice")
    agree(t, "truncated-response", ["curl", "-sS", "-o", "/dev/null", URL], 18, "COMMAND failed")
    agree(t, t.profile("""
        summary: Nobody is to ask.
        extends: truncated-response
        expect: [{never: send data}]
    """), silent, 0, "pass, ")
    # Who is slow to read, or never reads, has to be sent something.
    for profile in ("slow-reader", "never-accepts"):
        agree(t, profile, silent, 123, "FAIL: a rule never acted; ")
    # Where a rule is the fault, or healthy's answer, nobody has to ask.
    agree(t, "synack-lost", silent, 0, "pass, ")
    agree(t, "healthy", silent, 0, "pass, ")


@test
def a_peer_that_nobody_dialled_is_named(t):
    both = ["--peer", "a.x=refuse", "--peer", "b.x=refuse"]
    run = agree(t, None, ["sh", "-c", "curl -s http://a.x/; exit 0"], 0, "pass, ", *both)
    t.contains(run.trace, "No connection came to b.x, whose profile is refuse.", "the verdict")
    t.check("came to a.x" not in run.trace, "a.x was dialled")


@test
def an_address_without_a_peer_is_in_the_verdict(t):
    one = ["--peer", "a.x=refuse"]
    both = "curl -s http://a.x/; curl -s -m 0.3 http://198.18.0.77:81/; exit 5"
    run = t.run(None, ["sh", "-c", both], options=one)
    t.equal(run.status, 5, "exit status")
    t.contains(run.trace.split("ghostpeer: COMMAND failed")[1],
               "The program tried to connect to 198.18.0.77", "the verdict")


@test
def times_between_what_never_met(t):
    both = ["--family", "both", "--peer", "api.x=" + t.profile("""
        summary: The program is to wait before it tries again.
        extends: refuse
        expect: [{attempts: ">= 2", apart: {at_least: 5s}}]
    """)]
    run = agree(t, None, ["sh", "-c", "curl -s http://api.x/; true"], 123,
                "FAIL: an expectation failed; ", *both)
    t.contains(run.verdict.failures[0], "`apart` had nothing to measure: 2 attempts", "the failure")


@test
def expectations_without_a_connection(t):
    def profile(entry):
        return t.profile(f"""
            summary: Expects something.
            extends: healthy
            expect: [{entry}]
        """)
    run = agree(t, profile("{never: receive rst}"), ["true"], 123, "FAIL: a profile met no ")
    t.contains(run.verdict.failures[0], "no connection met this profile", "the failure")
    for entry in ("{attempts: 0}", "{never: receive syn}", "{command: {status: 0}}"):
        agree(t, profile(entry), ["true"], 0, "pass, ")
    agree(t, profile("{never: receive rst}"), ["curl", "-sS", "-o", "/dev/null", URL], 0, "pass, ")


@test
def use_of_a_profile_that_no_connection_meets(t):
    run = inside(t, """
        peer.use("default", "high-latency")
        connect().close()
        peer.use("default", "lossy")
        peer.use("default", "healthy")
    """)
    said = "No connection met the profile {}, which `use` gave a peer."
    t.contains(run.trace, said.format("lossy"), "the verdict")
    for name in ("healthy", "high-latency"):
        t.check(said.format(name) not in run.trace, f"a word about {name}: {run.trace[-800:]}")


@test
def a_daemon_is_left_behind(t):
    daemon = ["sh", "-c", "sleep 60 >/dev/null 2>&1 & exit 0"]
    agree(t, "healthy", daemon, 0,
          r"pass, but no connection came to a peer; COMMAND exited with status 0 after .* and left "
          "(sleep|sh) behind")
    server = ["sh", "-c", f"{PYTHON} -c \"import socket, time; s = socket.create_server(('', 8081)); "
                          "time.sleep(60)\" & sleep 0.5; exit 0"]
    run = agree(t, "healthy-client", server, 123, "FAIL: .*the peer, a client, got nothing; ",
                "--port", "8080")
    t.contains(" ".join(run.verdict.failures), "Keep it in the foreground", "the failure")


@test
def what_the_program_did_instead(t):
    for code, words in (
            ("try: socket.create_connection(('127.0.0.1', 81))\nexcept OSError: pass",
             "It opened 1 TCP connection, but on its own loopback (127.0.0.1 or ::1), where no peer "
             "is; nothing listened there."),
            ("server = socket.create_server(('127.0.0.1', 8081)); "
             "socket.create_connection(('127.0.0.1', 8081)); server.accept()[0].close()",
             "where no peer is, to 127.0.0.1:8081."),
            ("try: socket.getaddrinfo('api.example', 80)\nexcept OSError: pass",
             'It asked for "api.example", which no --peer gives an address.'),
            ("socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('198.18.0.2', 5000))",
             "It sent 1 UDP datagram, and opened no TCP connection."),
            ("pass", "It opened no TCP connection at all, and sent no datagram.")):
        run = t.run("healthy", [PYTHON, "-c", "import socket\n" + code])
        t.equal(run.status, 0, f"exit status ({run.errors})")
        t.contains(run.trace, words, "the verdict")
