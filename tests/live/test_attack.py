"""What was done to break a run: nothing of it hangs one, crashes it, or leads it astray."""

import ctypes
import json
import os
import signal
import socket
import subprocess
import threading
import time

import harness
import who
from harness import NOBODY, PEER, PYTHON, Failure, test

# The end of a run that is to end: two seconds (last_resort.hpp), and what a busy machine adds.
PROMPT = 2.0
SLACK = 4.0


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return [int(word) for word in file.read().split()]


def command_runs(t, run):
    """Waits for COMMAND, which writes a file; then the helper's number."""
    t.eventually(lambda: os.path.exists(t.path("ready")), "COMMAND runs")
    return children(run.process.pid)[0]


def sleeper(t, seconds=1000):
    return ["sh", "-c", f"echo > ready; exec sleep {seconds}"]


def end_in_time(t, run, since, limit=PROMPT):
    run.finish(30)
    took = time.monotonic() - since
    if took > limit + SLACK:
        raise Failure(f"it took {took:.1f} s to end")
    if took > limit + SLACK / 2:
        raise harness.Late(f"it took {took:.1f} s to end")
    return took


def status_of(pid):
    with open(f"/proc/{pid}/status") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)


# No end depends on somebody else ---------------------------------------------------------------


@test
def few_descriptors_are_said_at_once(t):
    for files in range(3, 21):
        run = t.ghostpeer("-c", f"ulimit -n {files}; exec {t.environment.ghostpeer} run "
                                f"--link {t.link} --timeout 5s healthy -- /bin/true",
                          program="/bin/sh", limit=20)
        if run.status == 0:
            break
        if run.status == 127 and "shared libraries" in run.errors:
            continue  # it does not get as far as to its own code
        t.equal(run.status, 125, f"exit status with {files} descriptors")
        t.check(run.errors.count("\n") >= 1, f"nothing is said with {files} descriptors")
        t.check("open" in run.errors or "ulimit" in run.errors,
                f"with {files} descriptors it says: {run.errors}")
    t.check(files > 8, "the run works with very few descriptors")


@test
def serve_says_at_once_that_it_has_too_few_descriptors(t):
    for files in range(4, 16):
        run = t.ghostpeer("--user", "--map-root-user", "--net", "sh", "-c",
                          f"ip link set lo up; ulimit -n {files}; exec "
                          f"{t.environment.ghostpeer} serve --link loopback --timeout 300ms "
                          "--peer 127.0.0.1:8080=healthy", program="unshare", limit=20)
        if run.status == 124:
            break
        t.check(run.status in (125, 127), f"exit status {run.status} with {files} descriptors")
        t.check("ready" not in run.text, f"it calls itself ready with {files} descriptors")
    t.equal(run.status, 124, "exit status with enough descriptors")


@test
def a_stopped_helper_does_not_hold_the_end(t):
    for how, status in (("timeout", 124), ("signal", 137)):
        options = ["--timeout", "1s"] if how == "timeout" else []
        run = t.start("healthy", sleeper(t), options=options)
        helper = command_runs(t, run)
        os.kill(helper, signal.SIGSTOP)
        since = time.monotonic()
        if how == "signal":
            run.process.send_signal(signal.SIGTERM)
        end_in_time(t, run, since, 1.0 + PROMPT if how == "timeout" else PROMPT)
        t.equal(run.status, status, f"exit status ({how})")
        t.equal(run.verdict.event, "verdict", "the last event")
        os.unlink(t.path("ready"))


@test
def a_traced_helper_does_not_hold_the_end(t):
    who.needs_root(t)
    libc = ctypes.CDLL(None, use_errno=True)
    seize, interrupt = 0x4206, 0x4207
    run = t.start("healthy", sleeper(t))
    helper = command_runs(t, run)
    outcome = []

    def trace():
        # Who traces is a thread; it never looks at what its tracee comes to.
        outcome.append(libc.ptrace(seize, helper, None, None))
        outcome.append(libc.ptrace(interrupt, helper, None, None))
        done.wait(30)

    done = threading.Event()
    thread = threading.Thread(target=trace)
    thread.start()
    t.eventually(lambda: len(outcome) == 2, "the helper is traced")
    t.equal(outcome[0], 0, "PTRACE_SEIZE")
    since = time.monotonic()
    run.process.send_signal(signal.SIGTERM)
    try:
        end_in_time(t, run, since)
    finally:
        done.set()
        thread.join()
    t.equal(run.status, 137, "exit status")


@test
def a_command_that_hears_nothing_ends_with_sigterm(t):
    run = t.start("healthy", ["sh", "-c", "trap '' TERM INT HUP; echo > ready; "
                                          "while :; do sleep 1; done"])
    command_runs(t, run)
    since = time.monotonic()
    run.process.send_signal(signal.SIGTERM)
    end_in_time(t, run, since)
    t.equal(run.status, 137, "exit status")


@test
def a_pipe_that_nobody_reads_is_no_place_for_output(t):
    for option in ("-o", "--events", "--pcap", "--junit", "--tap", "--report"):
        pipe = t.path("pipe" + option)
        os.mkfifo(pipe)
        os.chmod(pipe, 0o666)
        since = time.monotonic()
        run = t.start("healthy", ["true"], outputs=False, options=[option, pipe])
        end_in_time(t, run, since)
        t.equal(run.status, 125, f"exit status ({option})")
        t.contains(run.errors, "nobody reads from it", option)


@test
def a_pipe_may_get_its_reader_late(t):
    pipe = t.path("pipe")
    os.mkfifo(pipe)
    os.chmod(pipe, 0o666)
    run = t.start("healthy", ["true"], outputs=False, options=["--events", pipe])
    time.sleep(0.3)
    with open(pipe) as reader:
        lines = reader.read().splitlines()
    run.finish()
    t.equal(run.status, 0, "exit status")
    t.equal(json.loads(lines[-1])["event"], "verdict", "the last event")


@test
def sigterm_ends_a_run_that_waits_for_a_reader(t):
    pipe = t.path("pipe")
    os.mkfifo(pipe)
    os.chmod(pipe, 0o666)
    run = t.start("healthy", ["true"], outputs=False, options=["--events", pipe])
    time.sleep(0.2)
    since = time.monotonic()
    run.process.send_signal(signal.SIGTERM)
    end_in_time(t, run, since)


@test
def a_token_file_that_is_a_pipe_is_not_waited_for(t):
    pipe = t.path("pipe")
    os.mkfifo(pipe)
    os.chmod(pipe, 0o666)
    since = time.monotonic()
    run = t.start("healthy", ["true"], outputs=False,
                  options=["--control", "127.0.0.1:0", "--control-token-file", pipe])
    end_in_time(t, run, since)
    t.equal(run.status, 125, "exit status")


@test
def a_profile_that_is_a_pipe_is_bounded_by_the_timeout(t):
    pipe = t.path("pipe.yaml")
    os.mkfifo(pipe)
    os.chmod(pipe, 0o666)
    since = time.monotonic()
    run = t.start(pipe, ["true"], outputs=False, options=["--timeout", "500ms"])
    end_in_time(t, run, since, 0.5 + PROMPT)
    t.equal(run.status, 124, "exit status")
    t.contains(run.errors, "while the profiles are read", "what it says")


@test
def a_profile_that_has_become_a_pipe_is_refused_under_way(t):
    pipe = t.path("pipe.yaml")
    os.mkfifo(pipe)
    os.chmod(pipe, 0o666)
    run = t.run("healthy", ["sh", "-c", f"'{t.environment.ghostpeer}' ctl use default {pipe}; "
                                        f"echo status $?; "
                                        f"curl -sS -o got http://{PEER}:8080/ && cat got"])
    t.contains(run.errors, "not a regular file", "what ctl says")
    t.contains(run.text, "ok", "the peer answers on")
    t.equal(run.status, 0, "exit status")


@test
def a_reader_that_has_stopped_does_not_hold_serve(t):
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    try:
        while True:
            os.write(writer, b"x" * 4096)
    except BlockingIOError:
        os.set_blocking(writer, True)
    run = t._spawn(["unshare", "--user", "--map-root-user", "--net", "sh", "-c",
                    f"ip link set lo up; exec '{t.environment.ghostpeer}' serve --link loopback "
                    "--peer 127.0.0.1:8080=healthy"], None, None, subprocess.DEVNULL, None,
                   {"stdout": writer})
    os.close(writer)
    time.sleep(1.0)
    since = time.monotonic()
    run.process.send_signal(signal.SIGTERM)
    end_in_time(t, run, since)
    os.close(reader)


# Root is not led astray ------------------------------------------------------------------------


@test
def root_follows_nobodys_links(t):
    who.needs_root(t)
    folder = t.path("folder")
    os.mkdir(folder)
    os.chown(folder, NOBODY, NOBODY)
    secret = t.path("secret")

    def planted(name, target, owner):
        path = os.path.join(folder, name)
        os.symlink(target, path)
        os.lchown(path, owner, owner)
        return path

    def write(path, env=None):
        with open(secret, "w") as file:
            file.write("untouched")
        run = t.run("healthy", ["true"], outputs=False, options=["-q", "--events", path], env=env)
        with open(secret) as file:
            return run, file.read()

    run, text = write(planted("a", secret, NOBODY))
    t.equal(run.status, 125, "exit status with a link that somebody else has planted")
    t.equal(text, "untouched", "what it leads to")
    t.contains(run.errors, "belongs to another user", "what is said")

    os.symlink(folder, t.path("way"))
    planted("deeper", t.path("."), NOBODY)
    run, text = write(os.path.join(folder, "deeper", "secret"))
    t.equal(run.status, 125, "exit status with such a folder on the way")
    t.equal(text, "untouched", "what it leads to")

    os.link(secret, os.path.join(folder, "hard"))
    run, text = write(os.path.join(folder, "hard"))
    t.equal(run.status, 125, "exit status with a second name of a file of root's")
    t.equal(text, "untouched", "the file")

    # The links of root and of who called sudo are their own affair.
    os.unlink(os.path.join(folder, "hard"))
    run, text = write(planted("b", secret, 0))
    t.equal(run.status, 0, "exit status with a link of root's")
    t.check("verdict" in text, "the events are where it leads to")
    run, text = write(os.path.join(folder, "a"), {"SUDO_UID": str(NOBODY)})
    t.equal(run.status, 0, "exit status with a link of who called sudo")
    t.check("verdict" in text, "the events are where it leads to")
    run, text = write("/dev/stdout")
    t.check('"verdict"' in run.text, "/dev/stdout is still standard output")


@test
def without_proc_a_run_goes_on(t):
    who.needs_root(t)
    run = t.ghostpeer("--mount", "sh", "-c", "umount -l /proc; exec "
                      f"{t.environment.ghostpeer} run synack-lost -- curl -sS http://{PEER}/",
                      program="unshare")
    t.equal((run.status, run.out), (0, b"ok\n"), f"status and output ({run.errors})")
    t.contains(run.errors, "fired once", "the verdict")


@test
def an_ordinary_users_server_may_have_port_80(t):
    run = t.run("healthy", t.python("""
        import socket
        s = socket.create_server(("", 80))
        print("listening on", s.getsockname()[1])
        """))
    t.equal(run.text, "listening on 80\n", "what the server says")


# What is short is missed, and nothing else -----------------------------------------------------


@test
def the_engine_gives_up_what_it_does_not_need(t):
    run = t.start("healthy", sleeper(t))
    helper = command_runs(t, run)
    t.eventually(lambda: status_of(run.process.pid)["Seccomp"] == "2", "it is confined")
    status = status_of(run.process.pid)
    t.equal(status["NoNewPrivs"], "1", "no_new_privs")
    # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER and CAP_SYS_PTRACE at most
    t.equal(int(status["CapEff"], 16) & ~(0b1110 | 1 << 19), 0, "effective capabilities")
    t.equal(status_of(helper)["Seccomp"] == "2", status_of(os.getpid())["Seccomp"] == "2",
            "the helper's filter is the caller's")
    run.process.send_signal(signal.SIGTERM)
    run.finish(20)


@test
def a_file_that_may_not_grow_is_cut_short(t):
    if t.link == "loopback":
        t.skip("the peer is at other places there")
    run = t.ghostpeer("-c", "ulimit -f 2; exec "
                      f"{t.environment.ghostpeer} run --link {t.link} -q --events "
                      f"{t.path('events')} healthy -- curl -sS http://{PEER}:8080/",
                      program="/bin/sh")
    t.check(run.status >= 0, f"signal {-run.status} ended it")
    t.contains(run.errors, "cut short", "what is said")


@test
def threads_that_cannot_start_are_said_and_the_run_goes_on(t):
    who.needs_root(t)
    if t.link == "loopback":
        t.skip("the peer is at other places there")
    user = "54321"  # who has no other processes, which would count
    code = ("import os, socket\n"
            "path = os.environ['GHOSTPEER_CONTROL'].removeprefix('unix:')\n"
            "s = socket.socket(socket.AF_UNIX); s.settimeout(1); s.connect(path)\n"
            "s.sendall(b'GET /v1/peers HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n')\n"
            "try:\n    print('answer', len(s.recv(100)))\n"
            "except TimeoutError:\n    print('no answer')\n"
            f"c = socket.create_connection(('{PEER}', 8080)); c.send(b'GET / HTTP/1.0\\r\\n\\r\\n')\n"
            "print(c.recv(1000)[-3:])\n")
    program = t.write("client.py", code)
    run = t.ghostpeer("-c", f"ulimit -u 3; exec setpriv --reuid={user} --regid={user} "
                      f"--clear-groups {t.environment.ghostpeer} run --link ethernet healthy -- "
                      f"{PYTHON} {program}", program="/bin/bash")
    t.equal(run.status, 0, "exit status")
    t.contains(run.text, "no answer", "COMMAND's output")
    t.contains(run.text, "ok", "the peer's answer")
    t.contains(run.errors, "no thread can be started", "what is said")


@test
def names_are_answered_when_every_descriptor_is_in_use(t):
    if t.link == "loopback":
        t.skip("there is no name server")
    server = socket.create_server(("127.0.0.1", 0), backlog=128)
    accepted = []

    def accept():
        try:
            while True:
                accepted.append(server.accept()[0])
        except OSError:
            pass

    threading.Thread(target=accept, daemon=True).start()
    profile = t.profile(f"""
        summary: A real server behind it.
        service: {{relay: "127.0.0.1:{server.getsockname()[1]}"}}
        """)
    program = t.write("client.py", f"""
import socket, time
kept = []
for n in range(80):
    s = socket.socket(); s.settimeout(0.5)
    try:
        s.connect(("198.18.0.77", 80)); kept.append(s)
    except OSError:
        break
print("connections", len(kept))
try:
    print("found", socket.gethostbyname("api.example"))
except OSError as error:
    print("not found", error)
""")
    run = t.ghostpeer("-c", f"ulimit -n 64; exec {t.environment.ghostpeer} run --link {t.link} "
                      f"--peer api.example=healthy {profile} -- {PYTHON} {program}",
                      program="/bin/bash")
    server.close()
    for one in accepted:
        one.close()
    t.equal(run.status, 0, "exit status")
    t.contains(run.text, "found 198.18.0.", "COMMAND's output")


@test
def memory_of_all_connections_is_bounded(t):
    profile = t.profile("""
        summary: Says a megabyte to everybody.
        extends: healthy
        rules:
          - {on: enter established, do: {say: {bytes: 1MiB}}}
        """)
    program = t.write("client.py", f"""
import socket, sys, time
kept = []
for n in range(200):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    s.connect(("{PEER}", 8080)); kept.append(s)
time.sleep(0.5)
with open("ready", "w"): pass
time.sleep(0.5)
""")
    run = t.run(profile, [PYTHON, program], options=["--max-memory", "8MiB", "-q"])
    t.equal(run.status, 0, "exit status")
    notices = [n.text for n in run.events("notice") if "--max-memory" in n.text]
    t.equal(len(notices), 1, "notices about memory")
