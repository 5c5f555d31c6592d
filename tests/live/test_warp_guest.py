"""A guest (--warp) is as good as the host, says what it cannot do, and leaves nothing behind."""

import json
import os
import signal
import subprocess
import time

import who
from harness import PEER, PYTHON, alone, test
from verdict_support import agree
from warp_support import folder_of, guest, machines_of, start, warp


@test
def output_is_kept_apart_and_binary(t):
    code = """
        import os, sys
        os.write(1, bytes(range(256)) * 4000)
        os.write(2, b"to standard error")
        sys.exit(7)
    """
    run = warp(t, "healthy", t.python(code))
    t.equal(run.status, 7, "exit status")
    t.equal(run.out, bytes(range(256)) * 4000, "standard output")
    t.equal(run.err, b"to standard error", "standard error")


@test
def one_file_for_both_outputs_keeps_the_order(t):
    code = """
        import os
        for n in range(200):
            os.write(1 + n % 2, b"%d\\n" % n)
    """
    run = warp(t, "healthy", t.python(code), stderr=subprocess.STDOUT)
    t.equal(run.text, "".join(f"{n}\n" for n in range(200)), "output")


@test
def stdin_reaches_the_program(t):
    data = os.urandom(1 << 20)
    run = warp(t, "healthy", ["cat"], stdin=data)
    t.check(run.out == data, f"{len(run.out)} of {len(data)} bytes came back, or changed")
    t.equal(run.status, 0, "exit status")


@test
def stdin_that_is_a_file_stands_where_the_program_left_it(t):
    path = t.write("lines", "one\ntwo\nthree\n")
    with open(path, "rb") as file:
        run = start(t, "healthy", ["sh", "-c", "read a; read b; echo $b"], stdin=file).finish()
        t.equal(run.text, "two\n", "output")
        # A shell reads a file byte by byte, so that the next program finds the rest.
        t.equal(os.read(file.fileno(), 100), b"three\n", "what is left")


@test
def caller_is_handed_on(t):
    code = """
        import json, os, resource, socket
        os.umask(old := os.umask(0))
        print(json.dumps([os.getuid(), os.getgid(), sorted(os.getgroups()), os.getcwd(), old,
                          os.environ["MARK"], resource.getrlimit(resource.RLIMIT_NOFILE),
                          os.environ["GHOSTPEER_ADDR"], socket.gethostname()]))
    """
    native = t.run("healthy", t.python(code), env={"MARK": "a\nb"}, cwd="/var")
    guest_run = warp(t, "healthy", t.python(code), env={"MARK": "a\nb"}, cwd="/var")
    t.equal(json.loads(guest_run.text), json.loads(native.text), "what the program has")


@test
def files_have_the_hosts_permissions(t):
    run = warp(t, "healthy", ["cat", "/etc/shadow"])
    t.equal(run.status == 0, t.environment.uid == 0, "whether /etc/shadow can be read")
    run = warp(t, "healthy", ["sh", "-c", "echo here > made; stat -c %u made"])
    t.equal(int(run.text), t.environment.uid, "the owner of a file that was made")
    with open(t.path("made")) as file:
        t.equal(file.read(), "here\n", "the file on the host")
    t.equal(os.stat(t.path("made")).st_uid, t.environment.uid, "its owner on the host")


@test
def names_and_all_options(t):
    run = t.passed(warp(t, None, [PYTHON, "-c", "import socket\n"
                                  "s = socket.create_connection(('api.local', 80))\n"
                                  "s.send(b'x')\ns.close()"],
                        "--peer", "api.local=healthy", "--pcap", t.path("run.pcap"), "--sockets",
                        "--mtu", "1400", "--sysctl", "net.ipv4.tcp_syn_retries=3"))
    t.equal(run.events("segment", kind="syn")[0].options["mss"], 1360, "the MSS at that MTU")
    t.check(os.path.getsize(t.path("run.pcap")) > 24, "the capture has packets")
    t.check(run.events("socket"), "the kernel's view of sockets")
    t.contains(run.trace, "Linux 6.", "the verdict names the kernel")
    t.check(run.verdict.kernel.startswith("Linux 6."), "so does its event")


@test
def nothing_but_the_peer(t):
    code = "import os; print(sorted(os.listdir('/sys/class/net')))"
    run = warp(t, "healthy", [PYTHON, "-c", code])
    devices = set(eval(run.text))
    t.check(not [d for d in devices if d.startswith(("eth", "en", "wl"))], f"devices {devices}")


@test
def exit_statuses(t):
    t.equal(warp(t, "healthy", ["nosuchprogram"], outputs=False).status, 127, "not found")
    t.equal(warp(t, "healthy", ["/etc/passwd"], outputs=False).status, 126, "not executable")
    t.equal(warp(t, "healthy", ["sh", "-c", "kill -9 $$"]).status, 137, "by signal 9")
    t.equal(warp(t, "keepalive-blackhole", ["true"]).status, 123, "a rule that never fired")
    t.equal(warp(t, "healthy", ["sleep", "100000"], "--timeout", "1h").status, 124, "--timeout")


@test
def virtual_timeout(t):
    run = warp(t, "healthy", ["sleep", "1d"], "--timeout", "5h")
    t.equal(run.verdict.ended, "timeout", "what ended the run")
    t.near(run.verdict.duration, 5 * 3600, "its length")
    t.soon(run, 20)


@alone
def blocked_for_ever_is_explained(t):
    run = t.run("silent-after-handshake", t.probe("connect", "recv"),
                options=["--warp", "--wall-timeout", "5s"])
    guest(t)
    t.equal(run.status, 124, "exit status")
    t.contains(run.errors, "is in recv: descriptor", "the message")
    t.contains(run.errors, f"a TCP connection to {PEER}:8080, ESTABLISHED", "the message")
    t.check(not folder_of(run), "the run's folder is removed")


@test
def spinning_for_ever_is_ended(t):
    guest(t)
    run = t.run("healthy", ["sh", "-c", "while :; do :; done"],
                options=["--warp", "--wall-timeout", "3s"])
    t.equal(run.status, 124, "exit status")
    t.soon(run, 20)
    t.contains(run.errors, "--wall-timeout", "the message")


@test
def the_end_of_real_time_is_a_timeout_everywhere(t):
    guest(t)
    agree(t, "silent-after-handshake", ["nc", PEER, "80"], 124,
          r"TIMEOUT after 2\.000 s of real time: nc ",
          "--warp", "--wall-timeout", "2s")
    # What the kernel sent when COMMAND was killed is not what had passed.
    agree(t, "silent-after-handshake", ["nc", PEER, "80"], 124,
          r"TIMEOUT after 3600\.000 s: nc .*; nothing has passed on #1 since 0\.0",
          "--warp", "--timeout", "1h")


@test
def an_ignored_sigchld_does_not_hold_the_end(t):
    """The guest is a child whose end has to be heard of, whatever ghostpeer inherited."""
    guest(t)
    ignored = {"preexec_fn": lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN)}
    run = t.run("healthy", ["sh", "-c", "while :; do :; done"],
                options=["--warp", "--wall-timeout", "3s"], **ignored)
    t.equal(run.status, 124, "exit status of a run without end")
    t.soon(run, 20)
    run = t.run("healthy", ["sh", "-c", "exit 7"], options=["--warp", "--wall-timeout", "50s"],
                **ignored)
    t.equal(run.status, 7, "exit status of one that ends")


@test
def signals_reach_the_program(t):
    code = """
        import signal, sys
        def stop(number, frame):
            print("got", number, flush=True)
            sys.exit(3)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1):
            signal.signal(number, stop)
        print("ready", flush=True)
        while True:
            signal.pause()
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1):
        run = start(t, "healthy", t.python(code))
        t.equal(run.process.stdout.readline(), b"ready\n", "the first line")
        run.process.send_signal(number)
        run.finish()
        t.equal((run.status, run.text), (3, f"got {int(number)}\n"), f"the answer to {number}")


@test
def killed_run_leaves_no_process(t):
    run = start(t, "healthy", ["sh", "-c", "echo ready; while :; do :; done"])
    t.equal(run.process.stdout.readline(), b"ready\n", "the first line")
    t.check(machines_of(run), "the guest's kernel runs")
    run.process.kill()
    run.process.wait()
    t.eventually(lambda: not machines_of(run), "the guest ends with its run")
    left = folder_of(run)
    # A run of another test may have cleared it away by now, as the next one here does.
    t.check(len(left) <= 1, f"a killed run leaves one folder: {left}")
    warp(t, "healthy", ["true"])
    t.check(not folder_of(run), "the next run removes it")


@test
def killed_kernel_ends_the_run(t):
    run = start(t, "healthy", ["sh", "-c", "echo ready; sleep 1000000000"])
    t.equal(run.process.stdout.readline(), b"ready\n", "the first line")
    for pid in machines_of(run):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    run.finish()
    t.equal(run.status, 125, "exit status")
    t.contains(run.errors, "kernel was ended by signal 9", "the message")
    t.check(not folder_of(run), "the run's folder is removed")


@test
def reader_that_goes_away(t):
    run = start(t, "healthy", ["yes"], outputs=False)
    run.process.stdout.read(1000)
    run.process.stdout.close()
    status = run.process.wait(30)
    t.equal(status, 128 + signal.SIGPIPE, "exit status")


@test
def daemons_end_with_the_run(t):
    run = warp(t, "healthy", ["sh", "-c", "(setsid sleep 1000000 &); exit 4"])
    t.equal(run.status, 4, "exit status")
    t.soon(run, 20)


@test
def a_slow_profile_does_not_hold_ctrl_c(t):
    os.mkfifo(t.path("slow.yaml"), 0o666)
    os.chmod(t.path("slow.yaml"), 0o666)
    for words in (["run", "--warp", "./slow.yaml"], ["sweep", "./slow.yaml"]):
        process = subprocess.Popen([*t.environment.prefix, t.environment.ghostpeer, *words, "--",
                                    "true"], cwd=t.folder, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        writer = []

        def is_read():
            try:
                writer.append(os.open(t.path("slow.yaml"), os.O_WRONLY | os.O_NONBLOCK))
            except OSError:  # nobody has opened it yet
                return False
            return True

        t.eventually(is_read, "the profile is read", limit=20)
        process.send_signal(signal.SIGINT)
        try:
            t.equal(process.wait(20), -signal.SIGINT, f"how `{words[0]}` ended")
        finally:
            os.close(writer[0])
            process.kill()
            process.wait()


@alone
def a_full_disk_of_the_guests_folder_ends_the_run(t):
    who.needs_root(t)
    guest(t)
    # The run is over once there is no more room, and its status cannot be written down.
    command = "touch ready; while [ ! -e go ]; do sleep 1; done; exit 3"
    process = subprocess.Popen(
        ["unshare", "-m", "--propagation", "private", "sh", "-c",
         'mount -t tmpfs -o size=400m none /dev/shm && exec "$@"', "sh", t.environment.ghostpeer,
         "run", "-q", "--warp", "--wall-timeout", "110s", "healthy", "--", "sh", "-c", command],
        cwd=t.folder, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        t.eventually(lambda: os.path.exists(t.path("ready")), "COMMAND runs", limit=60)
        with open(f"/proc/{process.pid}/root/dev/shm/fill", "wb", buffering=0) as file:
            try:
                while file.write(bytes(1 << 16)):
                    pass
            except OSError:
                pass
        began = time.monotonic()
        t.write("go", "")
        _, errors = process.communicate(timeout=130)
        t.check(time.monotonic() - began < 60, "it was waited for until --wall-timeout")
    finally:
        process.kill()
        process.wait()
    t.equal(process.returncode, 125, f"exit status ({errors})")


@test
def no_kernel_yet(t):
    run = t.ghostpeer("run", "--warp=5.4", "healthy", "--", "true")
    t.equal(run.status, 125, "exit status")
    t.contains(run.errors, "6.12, 6.1", "the message")


@alone
def sockets_are_watched_for_hours(t):
    run = t.passed(warp(t, "healthy", t.probe("keepalive=7200,75,9", "connect", "poll=in,180m",
                                              "close"), "--sockets"))
    t.check(run.events("socket", state="ESTAB", timer="keepalive"), "the keepalive timer is seen")
    t.soon(run, 30)


# Denies ptrace(2) with EPERM, as the seccomp profiles of containers do, then becomes the program.
WITHOUT_PTRACE = """
    import ctypes, os, struct, sys
    libc = ctypes.CDLL(None)
    load_number, jump_if_equal, give_back = 0x20, 0x15, 0x06
    code = [(load_number, 0, 0, 0), (jump_if_equal, 0, 1, 101), (give_back, 0, 0, 0x00050001),
            (give_back, 0, 0, 0x7fff0000)]
    filters = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *one) for one in code))
    program = ctypes.create_string_buffer(
        struct.pack("HxxxxxxP", len(code), ctypes.addressof(filters)))
    libc.prctl(38, 1, 0, 0, 0)
    if libc.prctl(22, 2, ctypes.c_void_p(ctypes.addressof(program)), 0, 0) != 0:
        sys.exit("no seccomp")
    os.execv(sys.argv[1], sys.argv[1:])
"""


@test
def without_ptrace(t):
    guest(t)
    run = subprocess.run([*t.environment.prefix,
                          *t.python(WITHOUT_PTRACE, t.environment.ghostpeer, "run", "--warp",
                                    "healthy", "--", "true")],
                         capture_output=True, text=True, check=False, cwd=t.folder,
                         stdin=subprocess.DEVNULL)
    if run.stderr == "no seccomp\n":
        t.skip("this machine has no seccomp filters")
    t.equal(run.returncode, 125, "exit status")
    t.contains(run.stderr, "ptrace(2)", "the message")


@test
def without_privileges_or_environment(t):
    # No capability, nothing in the environment: more than a kernel and ptrace is not needed.
    guest(t)
    command = ["env", "-i", t.environment.ghostpeer, "run", "-q", "--warp", "healthy", "--",
               "/bin/echo", "fine"]
    if os.geteuid() == 0:
        command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
                   "--bounding-set=-all", "--no-new-privs", *command]
    run = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/",
                         stdin=subprocess.DEVNULL)
    t.equal((run.returncode, run.stdout), (0, "fine\n"), f"what came ({run.stderr})")


@alone
def large_input_and_output(t):
    size = 100_000_000
    path = t.path("large")
    with open(path, "wb") as file:
        file.truncate(size)
    with open(path, "rb") as file:
        run = start(t, "healthy", ["cat"], outputs=False, stdin=file)
        total = 0
        while piece := run.process.stdout.read(1 << 20):
            total += len(piece)
    t.equal((total, run.process.wait(30)), (size, 0), "bytes that came out, exit status")


@alone
def slow_reader_gets_everything(t):
    run = start(t, "healthy", ["head", "-c", "80000000", "/dev/zero"], outputs=False)
    total = len(run.process.stdout.read(1000))
    time.sleep(2)
    while piece := run.process.stdout.read(1 << 20):
        total += len(piece)
    t.equal((total, run.process.wait(30)), (80_000_000, 0), "bytes that came out, exit status")


@alone
def out_of_memory(t):
    # Taken whole by the guest's kernel: to touch page after page takes a minute.
    code = """
        import mmap
        kept, flags = [], mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x8000  # MAP_POPULATE
        while True:
            kept.append(mmap.mmap(-1, 1 << 26, flags=flags))
    """
    run = warp(t, "healthy", t.python(code))
    t.equal(run.status, 128 + signal.SIGKILL, "exit status")
    t.contains(run.errors, "1 GiB of memory", "the message")


@alone
def fifty_at_once(t):
    # Each takes half a second of a processor, on a slow machine a whole one.
    runs = [start(t, "refuse", ["sh", "-c", f"echo x | nc {PEER} 80"], outputs=False, wall="150s")
            for _ in range(50)]
    for run in runs:
        t.equal(run.finish(160).status, 1, "exit status of nc that was refused")
    t.check(not [f for run in runs for f in folder_of(run)], "folders are removed")


@alone
def several_at_once(t):
    guest(t)
    runs = [start(t, "silent-after-handshake", t.probe("connect", "send=1", "recv"))
            for _ in range(8)]
    for run in runs:
        t.passed(run.finish())
        t.errno(run.call("recv"), "ETIMEDOUT")
    t.check(not [f for run in runs for f in folder_of(run)], "folders are removed")
