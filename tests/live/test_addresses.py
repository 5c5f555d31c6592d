"""Names with several addresses: who tries them, in which order, and how long each has."""

from harness import test

# As socket.create_connection does: one after the other.
IN_ORDER = """
    import socket, sys
    print([a[4][0] for a in socket.getaddrinfo("api.local", 8080, type=socket.SOCK_STREAM)])
    with socket.create_connection(("api.local", 8080), timeout=10) as s:
        s.sendall(b"GET / HTTP/1.0\\r\\n\\r\\n")
        print(s.getpeername()[0], s.recv(15).decode())
"""


@test
def the_first_is_dead_and_the_second_lives(t):
    run = t.passed(t.run(None, t.python(IN_ORDER), options=[
        "--peer", "api.local:8080=[refuse, healthy]"]))
    t.equal(run.text.splitlines(), ["['198.18.0.2', '198.18.0.3']", "198.18.0.3 HTTP/1.1 200 OK"],
            "what python met")


@test
def addresses_of_ones_own_in_the_order_written(t):
    run = t.passed(t.run(None, t.python(IN_ORDER), options=[
        "--peer", "api.local=refuse@203.0.113.9,healthy@192.0.2.1"]))
    t.equal(run.text.splitlines(), ["['203.0.113.9', '192.0.2.1']", "192.0.2.1 HTTP/1.1 200 OK"],
            "what python met")


@test
def happy_eyeballs_of_curl(t):
    t.need("curl")
    run = t.passed(t.run(None, ["curl", "-sS", "--happy-eyeballs-timeout-ms", "300",
                                "http://api.local:8080/"],
                         options=["--peer", "api.local:8080=[syn-blackhole@ipv6, healthy@ipv4]"]))
    t.contains(run.text, "ok", "what curl got")
    attempts = run.events("attempt")
    t.equal(["[" in a.dst for a in attempts[:2]], [True, False],
            "IPv6 first, then IPv4")
    t.near(attempts[1].t - attempts[0].t, 0.3, "what IPv6 is given")


@test
def happy_eyeballs_of_node(t):
    t.need("node")
    run = t.passed(t.run(None, ["node", "-e", """
        const net = require("net");
        const s = net.connect({host: "api.local", port: 8080, autoSelectFamily: true,
                               autoSelectFamilyAttemptTimeout: 300});
        s.on("connect", () => { console.log(s.remoteFamily); s.destroy(); });
        """], options=["--peer", "api.local:8080=[syn-blackhole@ipv6, healthy@ipv4]"]))
    t.contains(run.text, "IPv4", "the family that node came to")


@test
def rules_and_expectations_know_the_family_and_the_address(t):
    t.need("curl")
    profile = t.profile("""
        summary: IPv6 is dead, and one address of IPv4 is.
        extends: healthy
        rules:
          - {on: receive syn, when: {family: 6}, do: drop}
          - {on: receive syn, when: {address: 192.0.2.0/24}, do: reset}
        expect:
          - {see: receive syn, when: {family: 6}}
          - {see: receive syn, when: {address: [192.0.2.1, 198.51.100.0/24]}, times: 1}
          - {never: enter established, when: {family: 6}}
          - {outcome: refused, when: {address: 192.0.2.1}}
        """)
    t.passed(t.run(profile, ["sh", "-c", "curl -s http://192.0.2.1/; "
                             "curl -s --max-time 1 'http://[2001:2::2]/'; "
                             "curl -sS http://198.18.0.2/"]))


@test
def two_peers_at_one_place_are_an_error_that_names_both(t):
    run = t.ghostpeer("run", "--peer", "a=refuse@192.0.2.1", "--peer", "b=healthy@192.0.2.1", "--",
                      "true")
    t.equal(run.status, 125, "exit status")
    for text in ("--peer a=refuse@192.0.2.1", "--peer b=healthy@192.0.2.1"):
        t.contains(run.errors, text, "the message")
