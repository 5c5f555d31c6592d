"""Clients from many addresses, at times, one after the other and on command."""

from harness import test

PORT = 8080

# Answers each connection, one after the other, and tells who came.
SERVER = """
    import socket
    l = socket.create_server(("", 8080), backlog=1000)
    while True:
        s, who = l.accept()
        print(who[0], who[1], flush=True)
        s.settimeout(20)
        try:
            if s.recv(100):
                s.sendall(b"an answer\\n")
        except OSError:
            pass
        s.close()
"""

def dialled(t, profile, command, *options, **more):
    return t.run(profile, command, options=["--port", str(PORT), *options], **more)


@test
def many_addresses(t):
    profile = t.profile("""
        summary: Forty clients, each from an address of its own.
        extends: healthy-client
        client: {connections: 40, sources: 198.18.64.0/24}
        """)
    run = t.passed(dialled(t, profile, t.python(SERVER)))
    came = {line.split()[0] for line in run.text.splitlines()}
    t.equal(came, {f"198.18.64.{n}" for n in range(1, 41)}, "who came")


@test
def at_their_times(t):
    profile = t.profile("""
        summary: Two waves.
        extends: healthy-client
        client: {connections: 3, at: [0s, 1500ms]}
        """)
    run = t.passed(dialled(t, profile, t.python(SERVER)))
    began = [a.t for a in run.events("attempt")]
    t.equal(len(began), 6, "connections")
    t.near(began[3] - began[0], 1.5, "between the waves")


@test
def one_after_the_other(t):
    profile = t.profile("""
        summary: Each waits for the one before.
        extends: healthy-client
        client: {connections: 5, after: closed}
        """)
    run = t.passed(dialled(t, profile, t.python(SERVER)))
    began = {a.conn: a.t for a in run.events("attempt")}
    ended = {}
    for state in run.events("state"):
        if state.to in ("closed", "time-wait"):
            ended.setdefault(state.conn, state.t)
    connections = sorted(began)
    t.equal(len(connections), 5, "connections")
    for one, following in zip(connections, connections[1:]):
        t.check(ended[one] <= began[following], f"{following} began before {one} had ended")


# Answers, and keeps each connection until the end.
KEEPER = """
    import socket
    l = socket.create_server(("", 8080), backlog=100)
    kept = []
    while True:
        s, who = l.accept()
        s.settimeout(20)
        if s.recv(100):
            s.sendall(b"an answer\\n")
        kept.append(s)
"""


@test
def one_after_the_others_response(t):
    profile = t.profile("""
        summary: Each waits for the answer that the one before gets, and not for its end.
        role: client
        client: {connections: 4, after: response}
        rules:
          - {on: enter established, do: {say: "hello\\n"}}
          - {on: received 10B, do: {finish: all}}
        """)
    run = t.passed(dialled(t, profile, t.python(KEEPER)))
    began = {a.conn: a.t for a in run.events("attempt")}
    answered = {s.conn: s.t for s in run.received("data")}
    connections = sorted(began)
    t.equal(len(connections), 4, "connections")
    for one, following in zip(connections, connections[1:]):
        t.check(answered[one] <= began[following], f"{following} began before {one} had an answer")
    t.check(all(fin.t > began[connections[-1]] for fin in run.sent("fin")), "none has ended before")


# On IPv6 alone.
SERVER6 = SERVER.replace('socket.create_server(("", 8080), backlog=1000)',
                         'socket.create_server(("::", 8080), family=socket.AF_INET6, backlog=1000)')


@test
def many_addresses_of_ipv6(t):
    profile = t.profile("""
        summary: Clients from one block of IPv6, beside one of IPv4 that they cannot use.
        extends: healthy-client
        client: {connections: 5, sources: ["2001:2:0:64::/126", 198.18.64.0/24]}
        """)
    run = t.passed(dialled(t, profile, t.python(SERVER6)))
    came = sorted(line.split()[0] for line in run.text.splitlines())
    t.equal(len(came), 5, "clients that came")
    t.check(all(who.startswith("2001:2:0:64:") for who in came), f"who came: {came}")
    t.equal({a.dst for a in run.events("attempt")}, {"[2001:2::1]:8080"}, "what they dialled")


@test
def on_command(t):
    profile = t.profile("""
        summary: A client that comes when it is called.
        extends: healthy-client
        client: {connections: 2, on: command knock}
        """)
    run = t.passed(dialled(t, profile, t.python(SERVER), "--fire", "knock@1s"))
    began = [a.t for a in run.events("attempt")]
    t.equal(len(began), 2, "connections")
    t.check(began[0] >= 1.0, f"they were opened at {began[0]} s")


@test
def a_request_by_script(t):
    profile = t.profile("""
        summary: Asks, and waits for the answer.
        role: client
        service:
          script:
            - say: "hello\\n"
            - expect: "an answer\\n"
            - close
        rules:
          - {on: [enter closed, enter time-wait], do: {finish: all}}
        """)
    run = t.passed(dialled(t, profile, t.python(SERVER)))
    t.equal(len(run.events("attempt")), 1, "connections")


@test
def sources_need_a_network_of_their_own(t):
    profile = t.profile("""
        summary: x
        extends: healthy-client
        client: {sources: 198.18.0.0/24}
        """)
    run = t.ghostpeer("run", "--port", "8080", profile, "--", "true")
    t.equal(run.status, 125, "exit status")
    t.contains(run.errors, "holds 198.18.0.1, COMMAND's own address", "the message")


# Tells what it has read before the handshake is over: the SYN brought it.
FAST_SERVER = """
    import socket
    l = socket.socket()
    l.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    l.setsockopt(socket.IPPROTO_TCP, 23, 5)  # TCP_FASTOPEN
    l.bind(("", 8080))
    l.listen()
    s, _ = l.accept()
    print(s.recv(100).decode(), flush=True)
    s.sendall(b"an answer\\n")
    s.recv(100)
"""


@test
def fast_open(t):
    profile = t.profile("""
        summary: Its request rides on the SYN.
        role: client
        tcp: {fast_open: true}
        rules:
          - {on: start, do: {say: "hello"}}
          - {on: received 1, do: [close, {finish: all}]}
        """)
    # With data on a SYN whoever asks for no cookie: server, and TFO_SERVER_COOKIE_NOT_REQD.
    run = t.passed(dialled(t, profile, t.python(FAST_SERVER), "--sysctl",
                           "net.ipv4.tcp_fastopen=514"))
    t.equal(run.text, "hello\n", "what the server read")
    t.equal([(s.reason, s.len) for s in run.sent()][:2], [("syn", 5), ("handshake-ack", 0)],
            "what left")
    syn_ack = run.received("syn-ack")[0]
    t.equal(syn_ack.ack, 6, "what the SYN-ACK acknowledges")
    # A kernel without it: the bytes come once more.
    run = t.passed(dialled(t, profile, t.python(FAST_SERVER), "--sysctl",
                           "net.ipv4.tcp_fastopen=0"))
    t.equal(run.text, "hello\n", "what the server read")
    t.equal(run.received("syn-ack")[0].ack, 1, "what the SYN-ACK acknowledges")
    t.equal([s.len for s in run.sent("data")], [5], "the data that left behind the SYN")
