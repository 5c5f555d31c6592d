"""What `ghostpeer run` does with COMMAND: its identity, its streams, signals, and its end."""

import json
import os
import re
import pty
import select
import signal
import stat
import subprocess
import termios
import time

from harness import HARD_LIMIT, PYTHON, signal_status, test


def alive(marker):
    """Processes that have the marker among their arguments or in their environment."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        for file in ("cmdline", "environ"):
            try:
                with open(f"/proc/{pid}/{file}", "rb") as handle:
                    if marker.encode() in handle.read():
                        found.append(int(pid))
                        break
            except OSError:
                pass
    return found


def marked(t):
    """Something that no other run has among its processes' environment."""
    return f"live-test-{os.getpid()}-{os.path.basename(t.folder)}"


def wait_for_file(t, name):
    def content():
        try:
            with open(t.path(name)) as file:
                return file.read()
        except OSError:
            return ""
    return t.eventually(content, f"COMMAND writes {name}", limit=20)


@test
def exit_status_is_the_commands(t):
    for status in (0, 1, 7, 123, 255):
        run = t.run("healthy", ["sh", "-c", f"exit {status}"])
        t.equal(run.status, status, "exit status")
        t.equal(run.events("exit")[0].status, status, "status in the event stream")


@test
def command_killed_by_a_signal(t):
    for name in ("TERM", "KILL", "SEGV"):
        number = getattr(signal, "SIG" + name)
        run = t.run("healthy", ["sh", "-c", f"ulimit -c 0; kill -{name} $$"])
        t.equal(run.status, signal_status(number), f"exit status after SIG{name}")
        t.equal(run.events("exit")[0].signal, int(number), "signal in the event stream")


@test
def command_missing(t):
    run = t.run("healthy", ["no-such-program-anywhere"])
    t.equal(run.status, 127, "exit status")
    t.contains(run.errors + run.trace, "no-such-program-anywhere", "the message")
    run = t.run("healthy", [t.path("no-such-file")])
    t.equal(run.status, 127, "exit status of a path that is missing")


@test
def command_not_executable(t):
    path = t.write("text.txt", "hello\n")
    run = t.run("healthy", [path])
    t.equal(run.status, 126, "exit status")
    t.contains(run.errors + run.trace, "text.txt", "the message")
    t.equal(t.run("healthy", [t.folder]).status, 126, "exit status for a folder")


@test
def identity_is_kept(t):
    code = """
        import json, os, sys
        print(json.dumps({"uid": os.getuid(), "gid": os.getgid(), "groups": sorted(os.getgroups()),
                          "cwd": os.getcwd(), "umask": os.umask(0), "X": os.environ.get("X"),
                          "fds": sorted(map(int, os.listdir("/proc/self/fd"))),
                          "blocked": [l.split()[1] for l in open("/proc/self/status")
                                      if l.startswith("SigBlk")],
                          "ignored": [l.split()[1] for l in open("/proc/self/status")
                                      if l.startswith("SigIgn")]}))
    """
    command = t.python(code)
    bare = subprocess.run([*t.environment.prefix, *command], capture_output=True, cwd=t.folder,
                          env={**t.environment.variables, "X": "a b\nc"}, check=True, stdin=subprocess.DEVNULL)
    run = t.passed(t.run("healthy", command, env={"X": "a b\nc"}))
    outside, inside = json.loads(bare.stdout), json.loads(run.out)
    for field in outside:
        t.equal(inside[field], outside[field], field)


@test
def environment_names_the_peer(t):
    run = t.passed(t.run("healthy", ["sh", "-c", "echo $GHOSTPEER_ADDR $GHOSTPEER_PORT"]))
    address, port = run.text.split()
    t.equal(address, "198.18.0.2", "GHOSTPEER_ADDR")
    t.check(0 < int(port) < 65536, f"GHOSTPEER_PORT is {port}")


@test
def streams_are_binary_clean(t):
    data = bytes(range(256)) * 4000
    copy = t.python("""
        import os
        while data := os.read(0, 65536):
            for out in (1, 2):
                rest = data
                while rest:
                    rest = rest[os.write(out, rest):]
    """)
    run = t.passed(t.run("healthy", copy, stdin=data))
    t.check(run.out == data, f"standard output has {len(run.out)} bytes instead of {len(data)}")
    t.check(run.err == data, f"standard error has {len(run.err)} bytes instead of {len(data)}")


@test
def quiet_says_nothing(t):
    run = t.run("refuse", t.probe("connect"), options=["-q"], outputs=False)
    t.equal(run.status, 0, "exit status")
    t.equal(run.err, b"", "standard error")


@test
def trace_goes_to_standard_error(t):
    run = t.run("refuse", ["sh", "-c", "true"], outputs=False)
    t.equal(run.out, b"", "standard output")
    t.check(run.err, "a trace and a verdict on standard error")
    t.check(b"\x1b[" not in run.err, "no colours where there is no terminal")


@test
def timeout_ends_the_process_group(t):
    marker = marked(t)
    run = t.run("healthy", ["sh", "-c", "sleep 1000 & sleep 1000"], env={"MARKER": marker},
                options=["--timeout", "500ms"])
    t.equal(run.status, 124, "exit status")
    t.near(run.verdict.duration, 0.5, "the run's length")
    t.soon(run, 10)
    t.eventually(lambda: not alive(marker), "every process of the run has ended")


@test
def timeout_against_a_program_that_ignores_sigterm(t):
    marker = marked(t)
    run = t.run("healthy", ["sh", "-c", "trap '' TERM INT HUP; while :; do sleep 1; done"],
                env={"MARKER": marker}, options=["--timeout", "500ms"])
    t.equal(run.status, 124, "exit status")
    t.soon(run, 10)
    t.eventually(lambda: not alive(marker), "every process of the run has ended")


@test
def timeout_not_reached(t):
    t.passed(t.run("healthy", ["sh", "-c", "exit 3"], options=["--timeout", "30s"]), status=3)


@test
def signals_are_passed_on(t):
    for name in ("INT", "TERM", "HUP", "USR1", "USR2", "QUIT"):
        run = t.start("healthy", [
            "sh", "-c", f"trap 'echo got {name}; exit 42' {name}; echo ready > ready-{name}; "
                        "while :; do sleep 0.05; done"])
        wait_for_file(t, f"ready-{name}")
        run.process.send_signal(getattr(signal, "SIG" + name))
        run.finish(20)
        t.equal(run.text, f"got {name}\n", "COMMAND's output")
        t.equal(run.status, 42, f"exit status after SIG{name}")


@test
def signals_end_a_command_without_a_handler(t):
    for number in (signal.SIGTERM, signal.SIGINT):
        marker = marked(t)
        run = t.start("healthy", ["sh", "-c", "echo ready > ready; exec sleep 1000"],
                      env={"MARKER": marker})
        wait_for_file(t, "ready")
        os.unlink(t.path("ready"))
        run.process.send_signal(number)
        run.finish(20)
        t.equal(run.status, signal_status(number), "exit status")
        t.eventually(lambda m=marker: not alive(m), "every process of the run has ended")


@test
def sigkill_leaves_nothing(t):
    marker = marked(t)
    run = t.start("healthy", ["sh", "-c", "readlink /proc/self/ns/net > namespace; "
                                          "setsid sleep 1000 & sleep 1000 & echo > ready; sleep 1000"],
                  env={"MARKER": marker})
    wait_for_file(t, "ready")
    namespace = wait_for_file(t, "namespace").strip()
    t.check(len(alive(marker)) >= 4, "the run's processes can be found")
    run.process.send_signal(signal.SIGKILL)
    run.process.wait(10)
    t.eventually(lambda: not alive(marker), "every process of the run has ended")

    def holders():
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                if os.readlink(f"/proc/{pid}/ns/net") == namespace:
                    found.append(pid)
            except OSError:
                pass
        return found
    t.eventually(lambda: not holders(), "nobody is in the run's namespace")


@test
def sigkill_at_any_moment(t):
    for delay in (0, 1, 2, 4, 6, 8, 12, 16, 25, 40):
        marker = marked(t)
        run = t.start("healthy", ["sleep", "1000"], env={"MARKER": marker})
        time.sleep(delay / 1000)
        run.process.send_signal(signal.SIGKILL)
        run.process.wait(10)
        t.eventually(lambda m=marker: not alive(m),
                     f"every process has ended after SIGKILL at {delay} ms")


@test
def sigterm_at_any_moment(t):
    for delay in (1, 3, 5, 8, 12, 20, 30):
        marker = marked(t)
        run = t.start("healthy", ["sleep", "1000"], env={"MARKER": marker})
        time.sleep(delay / 1000)
        run.process.send_signal(signal.SIGTERM)
        run.finish(20)
        t.check(run.status not in (0, 125), f"exit status is {run.status} after SIGTERM at {delay} ms")
        t.eventually(lambda m=marker: not alive(m), "every process of the run has ended")


@test
def children_that_stay_behind_are_ended(t):
    marker = marked(t)
    run = t.passed(t.run("healthy", ["sh", "-c", "setsid sleep 1000 > /dev/null 2>&1 < /dev/null &"],
                         env={"MARKER": marker}, limit=20))
    t.soon(run, 10)
    t.eventually(lambda: not alive(marker), "every process of the run has ended")


def read_terminal(master, process, limit=HARD_LIMIT):
    """Everything that comes out of the terminal until the process has ended."""
    output, end = b"", time.monotonic() + limit
    while time.monotonic() < end:
        ended = process.poll() is not None
        if select.select([master], [], [], 0.05)[0]:
            try:
                output += os.read(master, 65536)
            except OSError:  # EIO: nobody has the other side open any more
                break
        elif ended:
            break
    return output


def start_on_terminal(t, *arguments):
    """ghostpeer as a session leader's child whose controlling terminal we hold the other end of."""
    master, slave = pty.openpty()
    termios.tcsetwinsize(slave, (33, 111))
    launcher = ("import fcntl, os, sys, termios\n"
                "os.setsid()\n"
                "fcntl.ioctl(0, termios.TIOCSCTTY, 0)\n"
                "os.execvp(sys.argv[1], sys.argv[1:])\n")
    if t.environment.prefix:
        os.chown(os.ttyname(slave), t.environment.uid, -1)
    process = subprocess.Popen(
        [PYTHON, "-c", launcher, *t.environment.prefix, t.environment.ghostpeer, "run", "--link",
         t.link, *arguments], stdin=slave, stdout=slave, stderr=slave, cwd=t.folder)
    os.close(slave)
    return master, process


@test
def terminal_is_kept(t):
    if not hasattr(termios, "tcsetwinsize"):
        t.skip("this Python has no termios.tcsetwinsize")
    master, process = start_on_terminal(
        t, "-q", "healthy", "--", "sh", "-c",
        "test -t 0 && test -t 1 && stty size < /dev/tty && read x && echo got $x")
    os.write(master, b"hello\n")
    output = read_terminal(master, process)
    os.close(master)
    t.equal(process.wait(10), 0, f"exit status (output {output!r})")
    t.contains(output.decode(), "33 111", "the terminal's output")
    t.contains(output.decode(), "got hello", "the terminal's output")


@test
def terminal_interrupt(t):
    if not hasattr(termios, "tcsetwinsize"):
        t.skip("this Python has no termios.tcsetwinsize")
    master, process = start_on_terminal(
        t, "-q", "healthy", "--", "sh", "-c",
        "trap 'echo interrupted; exit 5' INT; echo > ready; while :; do sleep 0.05; done")
    wait_for_file(t, "ready")
    os.write(master, b"\x03")
    output = read_terminal(master, process, 20)
    os.close(master)
    t.equal(process.wait(10), 5, f"exit status (output {output!r})")
    t.equal(output.count(b"interrupted"), 1, "how often COMMAND was interrupted")


@test
def network_is_private(t):
    run = t.passed(t.run("healthy", ["sh", "-c", "cat /proc/net/dev /proc/net/route"]))
    t.check("eth0" not in run.text and "ens" not in run.text, "no interface of the machine")
    outside = os.readlink("/proc/self/ns/net")
    run = t.passed(t.run("healthy", ["readlink", "/proc/self/ns/net"]))
    t.check(run.text.strip() != outside, "the network namespace has to be another")


@test
def files_are_the_users_own(t):
    t.passed(t.run("healthy", ["sh", "-c", "echo hello > made"]))
    status = os.stat(t.path("made"))
    t.equal(status.st_uid, t.environment.uid, "the owner of a file that COMMAND made")
    t.equal(stat.S_IMODE(status.st_mode) & 0o600, 0o600, "its mode")


@test
def sysctl_is_private(t):
    with open("/proc/sys/net/ipv4/tcp_retries2") as file:
        before = file.read()
    run = t.passed(t.run("healthy", ["cat", "/proc/sys/net/ipv4/tcp_retries2"],
                         sysctls={"net.ipv4.tcp_retries2": 4}))
    t.equal(run.text.strip(), "4", "the value inside")
    with open("/proc/sys/net/ipv4/tcp_retries2") as file:
        t.equal(file.read(), before, "the value outside")


@test
def loopback_works(t):
    code = """
        import socket
        a = socket.create_server(("127.0.0.1", 0))
        b = socket.create_connection(a.getsockname())
        print(a.accept()[1] == b.getsockname())
    """
    t.equal(t.passed(t.run("healthy", t.python(code))).text, "True\n", "the program's output")


@test
def the_trace_shows_what_is_asked_for(t):
    command = t.probe("connect", "send=10", "close")
    every = t.run("synack-lost", command, options=["--seed", "1"])
    t.equal(every.status, 0, every.errors)
    segment = re.compile(r"^ +[0-9.]+  #1 +[<>]", re.M)
    states = re.findall(r"^ +[0-9.]+  #1 +([A-Z0-9-]+ -> [A-Z0-9-]+)$", every.trace, re.M)
    t.check(len(states) >= 3, f"states of a connection in {every.trace}")
    faults = t.run("synack-lost", command, options=["--seed", "1", "--trace", "faults"])
    shown = segment.findall(faults.trace)
    between = [int(n) for n in re.findall(r"^ {20}… (\d+) segments?$", faults.trace, re.M)]
    lost = [s for s in faults.segments() if s.fate == "dropped"]
    t.equal(len(shown), len(lost), "segments that the rule touched")
    t.equal(sum(between), len(faults.segments()) - len(lost), "segments that are counted")
    t.check(all("dropped by synack-lost:" in line for line in faults.trace.splitlines()
                if segment.match(line)), faults.trace)
    for told in states + ["attempt 1: ", "COMMAND exited with status 0"]:
        t.contains(faults.trace, told, "the trace of the faults")
    only = t.run("synack-lost", command, options=["--seed", "1", "--trace", "states"])
    t.equal(segment.findall(only.trace), [], "segments in the trace of states")
    t.equal(re.findall(r"^ +[0-9.]+  #1 +([A-Z0-9-]+ -> [A-Z0-9-]+)$", only.trace, re.M), states, "states")
    t.check("…" not in only.trace, only.trace)
    none = t.run("synack-lost", command, options=["--trace", "none"])
    t.equal(none.trace, "", "the trace of --trace none")
    both = t.run("healthy", ["true"], options=["-q", "--trace", "faults"])
    t.equal(both.status, 125, "exit status of -q with --trace")
    t.contains(both.errors, "--trace", "the message")


@test
def what_command_writes_never_splits_a_line_of_the_trace(t):
    code = """
        import http.client, sys, threading
        def shout():
            while not over.is_set():
                sys.stderr.write("COMMAND " * 20 + "\\n")
                sys.stderr.flush()
        over = threading.Event()
        thread = threading.Thread(target=shout)
        thread.start()
        for _ in range(50):
            client = http.client.HTTPConnection("198.18.0.2", 8080, timeout=20)
            client.request("GET", "/")
            client.getresponse().read()
            client.close()
        over.set()
        thread.join()
    """
    events = t.path("all.jsonl")
    run = t.run("healthy", t.python(code), outputs=False, options=["--events", events])
    t.equal(run.status, 0, run.errors[-2000:])
    with open(events) as file:
        segments = sum('"event":"segment"' in line for line in file)
    whole = re.findall(r"^ +[0-9]+\.[0-9]{6}  #\d+ +[<>]  \[[A-Z.]+\] seq .*(?:syn|ack|data|fin|rst|update)$",
                       run.errors, re.M)
    t.check(segments > 300, f"{segments} segments")
    t.equal(len(whole), segments, "whole lines of the trace")


@test
def events_on_standard_output(t):
    profile = t.profile("""
        summary: Looks at what the program writes.
        expect: [{command: {output: /mine/}}]
    """)
    for options in [], ["--tap", t.path("tap")]:
        run = t.run(profile, ["bash", "-c", "echo mine; echo yours >&2; : < /dev/tcp/198.18.0.2/80"],
                    options=["--events", "-", *options], outputs=False)
        t.equal(run.status, 0, f"exit status ({run.errors})")
        events = [json.loads(line)["event"] for line in run.text.splitlines()]
        t.equal((events[0], events[-1]), ("run", "verdict"), "the first and the last event")
        t.check("mine" in run.errors and "yours" in run.errors, f"standard error is {run.errors}")
    for options, why in ((["--tap", "-"], "give one of them a file"),
                         (["--warp=6.1,6.12"], "one for each kernel")):
        run = t.ghostpeer("run", "--events", "-", *options, profile, "--", "true")
        t.equal(run.status, 125, f"exit status with {options}")
        t.contains(run.errors, why, "the message")
    run = t.ghostpeer("serve", "--link", "loopback", "--events", "-", "healthy")
    t.equal(run.status, 125, "exit status of serve")
    t.contains(run.errors, "mkfifo", "the message of serve")
