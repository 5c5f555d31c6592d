"""`--syscalls` in virtual time: the calls, on the guest's clock."""

from harness import test
from warp_support import warp


@test
def a_long_wait(t):
    t.need("strace")
    run = warp(t, "connect-times-out", t.python("""
        import errno, socket
        try:
            socket.create_connection(("198.18.0.2", 80))
        except OSError as error:
            print(errno.errorcode[error.errno])
    """), "--syscalls")
    t.equal(run.text, "ETIMEDOUT\n", "what the program saw")
    calls = run.events("call", name="connect", errno="ETIMEDOUT")
    t.equal(len(calls), 1, "connect() calls that timed out")
    syns = run.received("syn")
    t.check(calls[0].began <= syns[0].t, "connect() began before its SYN")
    t.check(calls[0].took > 60, f"connect() took {calls[0].took} s of virtual time")
    t.near(calls[0].t, calls[0].began + calls[0].took, "the end of connect()")
    t.equal(calls[0].conn, 1, "its connection")
