"""What ends a run whose peer is the client: a daemon goes on, and `--for` is an end."""

from harness import PYTHON, test

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

# Puts itself into the background, as a daemon does: COMMAND ends while it serves.
DAEMON = """
    import os, socket, time
    command = os.getpid()
    if os.fork():
        os._exit(0)
    os.setsid()
    while os.path.exists(f"/proc/{command}"):
        time.sleep(0.01)  # it would be served, and the run over, before COMMAND's end is known
    l = socket.create_server(("", 8080))
    while True:
        s, _ = l.accept()
        s.recv(100)
        s.sendall(b"from the background\\n")
        s.close()
"""


def dialled(t, profile, command, *options, **more):
    return t.run(profile, command, options=["--port", str(PORT), *options], **more)


@test
def a_daemon_goes_on(t):
    run = t.passed(dialled(t, "healthy-client", t.python(DAEMON)))
    t.equal(sum(s.len for s in run.received("data")), len("from the background\n"), "the answer")
    t.equal(len(run.events("notice", what="daemon")), 1, "what is told")
    t.contains(run.trace, "what it has left behind listens where the peer dials", "the trace")


@test
def what_does_not_listen_does_not_hold_the_run(t):
    run = dialled(t, "healthy-client", ["sh", "-c", "sleep 1000 & exit 0"])
    t.equal(run.status, 123, "exit status")
    t.soon(run, 15)


@test
def a_daemon_has_no_more_time_than_the_run(t):
    profile = t.profile("""
        summary: A client without an end.
        role: client
        rules:
          - {on: enter established, do: {say: "hello\\n"}}
        """)
    run = dialled(t, profile, t.python(DAEMON), "--timeout", "3s")
    t.equal(run.status, 124, "exit status")
    t.soon(run, 15)
    run = t.passed(dialled(t, profile, t.python(DAEMON), "--for", "3s"))
    t.equal(run.verdict.ended, "for", "how it ended")


@test
def a_run_for_a_while(t):
    profile = t.profile("""
        summary: A client without an end.
        role: client
        rules:
          - {on: enter established, do: {say: "hello\\n"}}
        """)
    run = dialled(t, profile, [PYTHON, "-c", "import time; time.sleep(1000)"], "--for", "500ms")
    t.equal(run.status, 123, "exit status")
    t.contains(run.errors, "--for ended the run", "the verdict of one who was never dialled")
    run = t.passed(dialled(t, profile, t.python(SERVER), "--for", "3s"))
    t.equal(run.verdict.ended, "for", "how it ended")
