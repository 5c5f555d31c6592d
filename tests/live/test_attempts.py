"""Attempts, phases and commands: behaviour that changes from one connection to the next, or in
the middle of one."""

from harness import HOST, PEER, test

URL = f"http://{HOST}:8080/"


@test
def refuse_twice_and_a_client_that_retries(t):
    t.need("curl")
    run = t.passed(t.run("refuse-twice", ["curl", "-sS", "--retry", "3", "--retry-connrefused",
                                          "--retry-delay", "1", URL]))
    t.equal(run.status, 0, "curl's exit status")
    attempts = run.events("attempt")
    t.equal([a.attempt for a in attempts], [1, 2, 3], "attempts")
    t.equal([s.reason for s in run.sent()][:3], ["rst", "rst", "syn-ack"], "what left first")


@test
def refuse_twice_and_a_client_that_gives_up(t):
    t.need("curl")
    run = t.run("refuse-twice", ["curl", "-sS", URL], sets={"times": "1"})
    t.equal(run.status, 7, "curl's exit status")
    t.equal(len(run.events("attempt")), 1, "attempts")


@test
def attempts_in_place(t):
    profile = t.profile("""summary: greets the second connection only
service: hold
attempts:
  2: [{on: enter established, do: [{say: hello}, shutdown]}]
""")
    run = t.passed(t.run(profile, t.python(f"""
        import socket
        for attempt in 1, 2:
            s = socket.create_connection(("{PEER}", 8080))
            s.settimeout(0.5)
            try:
                print(attempt, s.recv(100).decode())
            except TimeoutError:
                print(attempt, "nothing")
    """)))
    t.equal(run.text.split("\n")[:2], ["1 nothing", "2 hello"], "what the program read")


@test
def phase_begins_in_the_middle(t):
    profile = t.profile("""summary: dies after ten bytes
rules:
  - {on: received 10, do: {become: dead}}
phases:
  dead:
    - {on: receive data, do: drop}
""")
    run = t.passed(t.run(profile, t.probe("connect", "send=10", "sleep=0.2s", "send=5",
                                          "sleep=0.5s")))
    t.check(len(run.segments(kind="data", fate="dropped")) >= 2, "data and its retransmission")
    t.equal(len(run.segments(kind="data", fate="accepted")), 1, "data that arrived")


@test
def command_is_fired(t):
    profile = t.profile("""summary: is unplugged on demand
rules:
  - {on: command unplug, do: reset}
""")
    run = t.passed(t.run(profile, t.probe("connect", "recv"), options=["--fire", "unplug@300ms"]))
    t.errno(run.call("recv"), "ECONNRESET")
    t.near(run.events("rule")[0].t, 0.3, "the time of the command")
