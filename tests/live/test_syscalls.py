"""`--syscalls`: what the program's calls returned, and when, on the run's clock."""

import json
import os
import signal
import subprocess

import schedule
from harness import PEER, PYTHON, test

# Says which errno each of its calls met; the event stream has to say the same.
CLIENT = f"""
    import errno, json, os, socket, sys, threading, time
    seen = []
    def call(name, function, *arguments):
        try:
            result = function(*arguments)
            seen.append([name, len(result) if isinstance(result, bytes) else result, None])
            return result
        except OSError as error:
            seen.append([name, -1, errno.errorcode[error.errno]])
    s = socket.socket({"socket.AF_INET6" if ":" in PEER else "socket.AF_INET"})
    def say():
        print(json.dumps({{"seen": seen}}))
"""


def client(t, steps):
    margin = min(len(x) - len(x.lstrip()) for x in steps.splitlines() if x.strip())
    lines = [x[margin:] for x in steps.splitlines()]
    return t.python(CLIENT + "".join(f"    {x}\n" for x in lines) + "    say()\n")


def traced(t, profile, command, *options, **more):
    t.need("strace")
    return t.run(profile, command, options=["--syscalls", *options], **more)


def the_call(t, run, name, **fields):
    calls = run.events("call", name=name, **fields)
    t.equal(len(calls), 1, f"calls of {name}() with {fields}")
    return calls[0]


def as_seen(t, run):
    """The results that the program saw, against those that are told, in order."""
    seen = [tuple(x) for x in run.lines[0].seen]
    names = {"connect": "connect", "recv": "recvfrom", "send": "sendto"}
    told = [(short, c.result, c.errno)
            for c in run.events("call") for short, long in names.items()
            if c.name == long and "UNIX" not in c.args]
    seen = [(name, 0 if result is None else result, code) for name, result, code in seen]
    t.equal(told, seen, "results as told, and as the program saw them")


@test
def connection_reset(t):
    run = t.passed(traced(t, "reset-on-data", client(t, f"""
        call("connect", s.connect, ("{PEER}", 8080))
        call("send", s.send, b"hello")
        call("recv", s.recv, 1)
    """)))
    as_seen(t, run)
    call = the_call(t, run, "recvfrom")
    t.equal((call.result, call.errno, call.conn), (-1, "ECONNRESET", 1), "recv()")
    reset = run.sent("rst")[0]
    t.check(call.t >= reset.t - schedule.TOLERANCE_SECONDS, f"recv() failed at {call.t}, before the RST of {reset.t}")
    t.contains(run.trace, f"$ recv({call.fd}, 1) = -1 ECONNRESET", "the trace")
    for line in run.trace.splitlines():
        if "$ " in line:
            t.check(len(line) <= 100, f"a line of {len(line)} columns: {line}")


@test
def connect_spans_the_handshake(t):
    run = t.passed(traced(t, "synack-delayed", client(t, f"""
        call("connect", s.connect, ("{PEER}", 8080))
        s.close()
    """), sets={"delay": "300ms"}))
    as_seen(t, run)
    call = the_call(t, run, "connect", conn=1)
    syn, syn_ack = run.received("syn")[0], run.sent("syn-ack", fate="sent")[0]
    t.check(call.began <= syn.t, f"connect() began at {call.began}, its SYN came at {syn.t}")
    # strace takes some time to decode the arguments, between `began` and the call itself.
    decoding = schedule.TOLERANCE_SECONDS
    t.check(call.t >= syn_ack.t - decoding, f"connect() returned at {call.t}, the SYN-ACK left at {syn_ack.t}")
    t.near(call.took, 0.3, "connect()")
    t.near(call.t - call.began, call.took, "the time from its begin to its end")
    closed = run.events("call", name="close", conn=1)
    t.equal(len(closed), 1, "close() of the connection")


@test
def refused(t):
    run = t.passed(traced(t, "refuse", client(t, f"""
        call("connect", s.connect, ("{PEER}", 8080))
        s.close()
    """)))
    as_seen(t, run)
    t.equal(the_call(t, run, "connect").conn, 1, "the connection that was refused")
    # The socket has no other end any more: it is known by its inode.
    t.equal(len(run.events("call", name="close", conn=1)), 1, "close() of it")


@test
def timed_out(t):
    run = t.passed(traced(t, "silent-after-handshake", client(t, f"""
        call("connect", s.connect, ("{PEER}", 8080))
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 300)
        call("send", s.send, b"hello")
        call("recv", s.recv, 1)
    """)))
    as_seen(t, run)
    t.equal(the_call(t, run, "recvfrom").errno, "ETIMEDOUT", "recv()")


@test
def end_of_stream(t):
    run = t.passed(traced(t, "close-on-accept", client(t, f"""
        call("connect", s.connect, ("{PEER}", 8080))
        call("recv", s.recv, 1)
    """)))
    as_seen(t, run)
    call = the_call(t, run, "recvfrom")
    t.equal((call.result, call.conn), (0, 1), "recv() at the end of the stream")


@test
def hangs_in_recv(t):
    run = traced(t, "silent-after-handshake", client(t, f"""
        call("connect", s.connect, ("{PEER}", 8080))
        s.recv(1)
    """), "--timeout", "4s")
    t.equal(run.status, 124, "exit status")
    call = the_call(t, run, "recvfrom")
    t.equal((call.returned, call.conn), (False, 1), "recv() that has not returned")
    t.check("result" not in call and "errno" not in call, f"it has a result: {call}")
    t.contains(run.trace, f"$ recv({call.fd}, 1) for ", "the trace")
    t.contains(run.trace, ", not returned\n", "the trace")
    # The verdict knows COMMAND's process, and nothing of strace.
    t.contains(run.verdict.headline, "has waited in recv() on #1", "the headline")
    t.check("strace" not in run.trace, f"strace is told as COMMAND's:\n{run.trace}")


@test
def killed_in_a_call(t):
    """By a signal of its own, while a thread waits: both calls are told."""
    run = traced(t, "silent-after-handshake", client(t, f"""
        call("connect", s.connect, ("{PEER}", 8080))
        threading.Thread(target=s.recv, args=(1,)).start()
        time.sleep(0.2)
        os.kill(os.getpid(), 9)
    """))
    t.equal(run.status, 128 + signal.SIGKILL, "exit status")
    t.equal(run.events("exit")[0].signal, int(signal.SIGKILL), "the signal")
    call = the_call(t, run, "recvfrom")
    t.equal(call.returned, False, "recv() of the thread")


@test
def a_call_ends_with_its_process(t):
    """Not with the run: a child is killed while it waits, and COMMAND goes on."""
    run = t.passed(traced(t, "silent-after-handshake", client(t, f"""
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            s.connect(("{PEER}", 8080))
            os.write(writer, b"x")
            s.recv(1)
        os.read(reader, 1)
        while open(f"/proc/{{child}}/stat").read().rsplit(") ", 1)[1][0] != "S":
            time.sleep(0.01)
        os.kill(child, 9)
        os.waitpid(child, 0)
        time.sleep(2)
        print(json.dumps({{"killed": child}}))
    """)))
    call = the_call(t, run, "recvfrom")
    t.equal((call.returned, call.pid), (False, run.lines[0].killed), "recv() of the child")
    end = run.events("exit")[0].t
    t.check(call.t < end - 1, f"recv() is told to end at {call.t}, the run ended at {end}")


@test
def the_end_of_the_run_is_nobodys_fault(t):
    """strace is killed with the others, before COMMAND or after it: nothing is said of that."""
    run = traced(t, "silent-after-handshake", client(t, f"""
        import signal
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        call("connect", s.connect, ("{PEER}", 8080))
        s.recv(1)
    """), "--timeout", "3s")
    t.equal(run.status, 124, "exit status")
    t.check("strace" not in run.trace, f"strace is told of:\n{run.trace}")


@test
def threads_and_processes(t):
    run = t.passed(traced(t, "close-on-accept", client(t, f"""
        call("connect", s.connect, ("{PEER}", 8080))
        thread = threading.Thread(target=call, args=("recv", s.recv, 1))
        thread.start()
        thread.join()
        child = os.fork()
        if child == 0:
            s.recv(2)
            os._exit(0)
        assert os.waitpid(-1, 0) == (child, 0)
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            pass
        else:
            raise SystemExit("somebody is this process's child that it has not made")
        print(json.dumps({{"pid": os.getpid(), "child": child, "thread": thread.native_id}}))
    """)))
    ids = run.lines[0]
    by_thread, by_child = run.events("call", name="recvfrom")
    t.equal((by_thread.pid, by_thread.tid), (ids.pid, ids.thread), "recv() of the thread")
    t.equal((by_child.pid, by_child.tid), (ids.child, ids.child), "recv() of the child")
    t.equal({c.conn for c in (by_thread, by_child)}, {1}, "the connection of both")
    t.contains(run.trace, f"process {ids.child}\n", "the trace")


@test
def a_server_and_its_waits(t):
    code = client(t, """
        import select
        l = socket.create_server(("0.0.0.0", 8080))
        p = select.poll()
        p.register(l, select.POLLIN)
        p.poll(5000)
        c, _ = l.accept()
        c.recv(9)
    """)
    if ":" in PEER:
        t.skip("the server listens at an IPv4 address")
    run = traced(t, "healthy-client", code, "--port", "8080", "--timeout", "20s")
    accepted = the_call(t, run, "accept4")
    t.equal(accepted.conn, 1, "the connection of accept()")
    t.equal(run.events("call", name="poll")[0].result, 1, "poll()")
    t.equal(run.events("call", name="recvfrom")[0].conn, 1, "the connection of recv()")


@test
def command_is_as_without(t):
    """Descriptors, signals, parent, group, session; what is there, and what is not."""
    t.need("strace")
    code = """
        import json, os
        status = dict(l.rstrip("\\n").split(":\\t", 1) for l in open("/proc/self/status") if ":\\t" in l)
        print(json.dumps({"fds": sorted(map(int, os.listdir("/proc/self/fd"))),
                          "signals": [status[x] for x in ("SigBlk", "SigIgn", "SigCgt")],
                          "parent": os.getppid(), "group": os.getpgid(0) == os.getpid(),
                          "pid": os.getpid(), "session": os.getsid(0),
                          "environment": sorted(os.environ)}))
    """
    reader, writer = os.pipe()
    runs = [t.passed(t.run("healthy", t.python(code), options=options, pass_fds=[writer]))
            for options in ((), ("--syscalls",), ("--syscalls=all",))]
    os.close(reader)
    os.close(writer)
    seen = [json.loads(run.text) for run in runs]
    t.check(writer in seen[0]["fds"], f"what was handed on is missing: {seen[0]['fds']}")
    t.equal(seen[1], seen[0], "COMMAND's surroundings with --syscalls")
    t.equal(seen[2], seen[0], "COMMAND's surroundings with --syscalls=all")


@test
def ends_of_command_are_its_own(t):
    t.need("strace")
    for command, status in ((["sh", "-c", "exit 7"], 7),
                            (["sh", "-c", "ulimit -c 0; kill -SEGV $$"], 139),
                            (["no-such-program-anywhere"], 127), ([t.folder], 126)):
        plain = t.run("healthy", command)
        run = traced(t, "healthy", command)
        t.equal((plain.status, run.status), (status, status), f"exit status of {command}")
        t.equal(run.errors, plain.errors, f"what is said of {command}")


@test
def what_is_left_behind(t):
    """A process that COMMAND leaves is told by name, strace is not."""
    run = traced(t, "healthy", ["sh", "-c", "sleep 30 & exit 0"])
    t.soon(run, 10)
    t.check("strace" not in run.trace, f"strace is told as COMMAND's:\n{run.trace}")


@test
def sets_of_calls(t):
    run = t.passed(traced(t, "healthy", ["cat", "/dev/null"]))
    t.equal(run.events("call"), [], "calls of a program without a socket, the start's among them")
    t.need("strace")
    run = t.passed(t.run("healthy", ["cat", "/dev/null"], options=["--syscalls=all"]))
    t.contains(run.events("call")[0].args, "\"cat\"", "the first call, execve() of COMMAND")
    t.check([c for c in run.events("call", name="exit_group") if c.returned is False],
            "exit_group() does not return")
    run = t.passed(t.run("healthy", ["cat", "/dev/null"], options=["--syscalls=openat"]))
    t.equal({c.name for c in run.events("call")}, {"openat"}, "calls of --syscalls=openat")


@test
def without_strace(t):
    run = t.ghostpeer(f"PATH={t.folder}", t.environment.ghostpeer, "run", "--link", t.link,
                      "--syscalls", "healthy", "--", "/bin/echo", "ran", program="/usr/bin/env")
    t.equal((run.status, run.text), (125, ""), "exit status, and what COMMAND said")
    t.contains(run.errors, "--syscalls needs strace, which is not in PATH. Install it",
               "the message")


@test
def a_set_that_strace_does_not_know(t):
    t.need("strace")
    run = t.run("healthy", ["true"], options=["--syscalls=no-such-call"])
    t.equal(run.status, 125, "exit status")
    t.contains(run.errors, "strace says: invalid system call 'no-such-call", "the message")


@test
def where_ptrace_is_forbidden(t):
    """As a container's seccomp profile does it."""
    t.need("strace")
    forbid = """
        import ctypes, os, struct, sys
        libc = ctypes.CDLL(None, use_errno=True)
        code = [(0x20, 0, 0, 0), (0x15, 0, 1, int(sys.argv[1])), (6, 0, 0, 0x00050001),
                (6, 0, 0, 0x7fff0000)]
        program = b"".join(struct.pack("HBBI", *x) for x in code)
        buffer = ctypes.create_string_buffer(program)
        class Filter(ctypes.Structure):
            _fields_ = [("len", ctypes.c_ushort), ("filter", ctypes.c_void_p)]
        if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(
                22, 2, ctypes.byref(Filter(len(code), ctypes.addressof(buffer))), 0, 0):
            sys.exit("no filter")
        os.execvp(sys.argv[2], sys.argv[2:])
    """
    number = {"x86_64": "101"}.get(os.uname().machine, "117")
    argv = t.python(forbid, number, t.environment.ghostpeer, "run", "--link", t.link, "--syscalls",
                    "healthy", "--", "true")
    result = subprocess.run([*t.environment.prefix, *argv], capture_output=True, text=True,
                            timeout=60, check=False, stdin=subprocess.DEVNULL, cwd="/",
                            env=t.environment.variables)
    t.equal(result.returncode, 125, f"exit status; {result.stderr}")
    t.contains(result.stderr, "--syscalls needs strace, and strace may not trace here", "the message")
    t.contains(result.stderr, "--cap-add SYS_PTRACE", "the message")


@test
def many_calls_do_not_hold_up_the_run(t):
    """A program that does nothing else: the calls are told, the timeout holds."""
    run = traced(t, "healthy", t.python("""
        import socket
        a, b = socket.socketpair()
        while True:
            a.send(b"x")
            b.recv(1)
    """), "--timeout", "3s")
    t.equal(run.status, 124, "exit status")
    # Each costs some milliseconds where strace has to wait for a processor.
    t.check(len(run.events("call", name="sendto")) > 50, "many calls are told")
    t.check("by a signal" not in run.verdict.headline, "strace's stops are nobody's signals")
    t.soon(run, 15)


@test
def an_interrupt_is_commands(t):
    """What ends COMMAND does not end strace before it: the calls up to its end are told."""
    t.need("strace")
    run = t.start("silent-after-handshake", [PYTHON, "-u", "-c", f"""
import socket
s = socket.create_connection(("{PEER}", 8080))
try:
    print("open")
    s.recv(1)
except KeyboardInterrupt:
    s.shutdown(socket.SHUT_WR)
    raise SystemExit(9)
"""], options=["--syscalls"])
    t.equal(run.process.stdout.readline(), b"open\n", "what COMMAND says")
    run.process.send_signal(signal.SIGINT)
    run.finish()
    t.equal(run.status, 9, "exit status")
    t.equal(the_call(t, run, "shutdown").result, 0, "shutdown() after the interrupt")
