#!/usr/bin/env python3
"""Every system call of ghostpeer that can fail is made to fail, one in a run.

A run without faults tells which calls there are (strace -f, which lets go of COMMAND as it is
started). Then there is a run for each call, its first and its last occurrence, and each error that
fits. strace counts the occurrences of each process by itself, so that where several make as many
calls, each has one that fails. What has to hold:

- the run ends within a minute, and not by a signal;
- its status is honest: where it is the one of a run without faults, COMMAND has met the peer;
- another status comes with a message, which names what failed, or what there is not enough of;
- no process, no file and no socket stays.

table.md has what comes of each: `goes on`, `ends`. What the table has otherwise fails; what it does
not have is judged by the above alone. --write adds what has come of those that were tried. With --sample each call has one error, at its last occurrence, and the table
is not looked at.

Exit status: 0 all hold, 1 some do not, 77 skipped: this machine cannot do it."""

import argparse
import collections
import concurrent.futures
import ctypes
import errno
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

SKIPPED = 77
LIMIT = 60
HERE = os.path.dirname(os.path.abspath(__file__))
TABLE = os.path.join(HERE, "table.md")
PR_SET_CHILD_SUBREAPER = 36

# What cannot fail, or what nobody asks whether it has; and what ends or begins a process.
NEVER = set("""
    exit exit_group rt_sigreturn execve execveat vfork getpid gettid getppid getuid geteuid getgid
    getegid getresuid getresgid umask arch_prctl set_tid_address set_robust_list rseq futex
    sched_yield restart_syscall alarm rt_sigaction rt_sigprocmask brk
""".split())

MAKES_DESCRIPTORS = set("""
    open openat creat socket socketpair pipe pipe2 accept accept4 epoll_create epoll_create1 eventfd
    eventfd2 timerfd_create signalfd signalfd4 memfd_create pidfd_open dup dup2 dup3 inotify_init1
""".split())
TAKES_MEMORY = set("""
    mmap mremap mprotect clone clone3 fork epoll_ctl bind listen connect setsockopt poll ppoll
    epoll_wait epoll_pwait select pselect6 sendmsg recvmsg unshare mount
""".split())
DATA = set("""
    read write readv writev pread64 pwrite64 sendto recvfrom sendmsg recvmsg sendmmsg recvmmsg
    getdents64 fstat newfstatat fsync close ftruncate
""".split())
MORE = {
    "clone": ["EAGAIN"], "clone3": ["EAGAIN"], "fork": ["EAGAIN"], "write": ["ENOSPC"],
    "wait4": ["ECHILD"], "waitid": ["ECHILD"], "mkdir": ["ENOSPC"], "rename": ["EIO"],
}


def errors_of(call):
    """Those that fit, the most likely first."""
    found = list(MORE.get(call, []))
    if call in MAKES_DESCRIPTORS:
        found += ["EMFILE"]
    if call in TAKES_MEMORY:
        found += ["ENOMEM"]
    if call in DATA:
        found += ["EIO"]
    if call not in DATA:
        found += ["EPERM"]
    return list(dict.fromkeys(found))


class Scene:
    """A kind of run: its command line, its status without faults, and what it says then."""

    def __init__(self, name, arguments, status, output, wrap=()):
        self.name, self.arguments, self.status = name, arguments, status
        self.output, self.wrap = output, list(wrap)


SCENES = {scene.name: scene for scene in (
    Scene("run", ["run", "--link", "tun", "--events", "events.jsonl", "healthy", "--", "curl", "-sS", "--max-time",
                  "5", "http://198.18.0.2/"], 0, "ok\n"),
    Scene("serve", ["serve", "--link", "tun", "--control", "unix:control", "--events",
                    "events.jsonl", "--timeout", "300ms", "refuse"], 124, "ready: 198.18.0.2 2001:2::2\n",
          ["unshare", "--net"]),
    Scene("warp", ["run", "--warp", "--events", "events.jsonl", "healthy", "--", "curl", "-sS",
                   "--max-time", "5", "http://198.18.0.2/"], 0, "ok\n"),
)}

Fault = collections.namedtuple("Fault", "scene call error when")
Outcome = collections.namedtuple("Outcome", "fault word problems told")

# Words for an errno that say more than strerror() does.
CLEAR = re.compile(r"limit on (processes|open files)|as many files as it needs|out of memory|"
                   r"error while loading shared libraries|not permitted|may not|forbids|"
                   r"'ulimit -[a-z]'|no memory|needs /proc|\(E[A-Z]+\)|cannot be loaded: |is missing, and", re.IGNORECASE)
LINE = re.compile(r"^(?P<pid>\d+)\s+(?P<call>[a-z_0-9]+)\(")


def one_run(ghostpeer, scene, inject=None):
    """Status (None: it did not end), output, errors, strace's lines, and what has stayed."""
    folder = tempfile.mkdtemp(prefix="ghostpeer-faults-")
    try:
        for name in ("runtime", "tmp", "work"):
            os.mkdir(os.path.join(folder, name), 0o700)
        log = os.path.join(folder, "strace")
        strace = ["strace", "-f", "-b", "execve", "-qq", "-o", log]
        if inject:
            strace += ["-e", f"trace={inject.call}", "-e",
                       f"inject={inject.call}:error={inject.error}:when={inject.when}"]
        variables = dict(os.environ, XDG_RUNTIME_DIR=os.path.join(folder, "runtime"),
                         TMPDIR=os.path.join(folder, "tmp"), LC_ALL="C")
        process = subprocess.Popen([*scene.wrap, *strace, ghostpeer, *scene.arguments],
                                   cwd=os.path.join(folder, "work"), env=variables, text=True,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, start_new_session=True)
        try:
            output, errors = process.communicate(timeout=LIMIT)
            status = process.returncode
        except subprocess.TimeoutExpired:
            process.kill()
            end_children()
            output, errors = process.communicate()
            status = None
        left = [f"a process stays: {line}" for line in end_children()]
        for parent, _, files in os.walk(folder):
            inside = os.path.relpath(parent, folder)
            left += [f"a file stays: {os.path.join(inside, name)}" for name in files
                     if os.path.join(inside, name) not in ("./strace", "work/events.jsonl")]
        with open(log, encoding="utf-8", errors="replace") as file:
            lines = file.read().splitlines()
        events = os.path.join(folder, "work", "events.jsonl")
        whole = os.path.exists(events) and '"event":"verdict"' in open(events).read()
        return status, output, errors, lines, left, whole
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def children():
    """Those of this process, which has those whose parents have ended, too."""
    with open(f"/proc/self/task/{os.getpid()}/children") as file:
        return [int(pid) for pid in file.read().split()]


def end_children(patience=3.0):
    """Waits for what is about to end; ends the rest, by number. The command lines of these."""
    begin = time.monotonic()
    while True:
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return []
        if time.monotonic() - begin > patience:
            break
        time.sleep(0.01)
    stayed = []
    for _ in range(100):
        pids = children()
        if not pids:
            break
        for pid in pids:
            try:
                with open(f"/proc/{pid}/cmdline") as file:
                    stayed.append(file.read().replace("\0", " ").strip())
                os.kill(pid, signal.SIGKILL)
            except (OSError, ProcessLookupError):
                pass
        time.sleep(0.05)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            break
    return list(dict.fromkeys(stayed))


class Unable(Exception):
    """The run does not go well without a fault."""


def calls_of(ghostpeer, scene):
    """The first and the last occurrence of each, in the process that makes it most often."""
    status, output, errors, lines, left, _ = one_run(ghostpeer, scene)
    if status != scene.status or output != scene.output:
        raise Unable(f"{scene.name} without faults ends with {status}: {output}{errors}")
    if left:
        raise Unable(f"{scene.name} without faults: {left}")
    counts = collections.Counter()
    loaded = collections.Counter()  # by the loader, before there is anything of ghostpeer
    for line in lines:
        if match := LINE.match(line):
            counts[match["pid"], match["call"]] += 1
            if match["call"] == "munmap" and not loaded:
                loaded.update({call: count for (_, call), count in counts.items()})
    most = collections.Counter()
    for (_, call), count in counts.items():
        most[call] = max(most[call], count)
    return {call: (min(loaded[call] + 1, count), count) for call, count in most.items()
            if call not in NEVER and count > loaded[call]}


# What cannot be removed stays, and so does what cannot be looked at: it might be somebody else's.
MAY_LEAVE_FILES = {"unlinkat", "unlink", "rmdir", "newfstatat", "fstat"}
# Where the first wait of both processes fails, nobody knows how the other one has ended.
NEEDS_NO_NAME = {"wait4", "waitid"}


def judge(ghostpeer, fault):
    scene = SCENES[fault.scene]
    status, output, errors, lines, left, whole = one_run(ghostpeer, scene, fault)
    struck = sum("(INJECTED)" in line for line in lines)
    if not struck:
        return Outcome(fault, "not met", left, "")
    problems = [one for one in left
                if fault.call not in MAY_LEAVE_FILES or not one.startswith("a file")]
    reason = os.strerror(getattr(errno, fault.error))
    if status is None:
        problems.append(f"it does not end within {LIMIT} s")
        word = "hangs"
    elif status < 0 or 128 < status < 160:
        problems.append(f"a signal ended it, status {status}")
        word = "dies"
    elif status == scene.status:
        word = "goes on"
        if output != scene.output:
            problems.append(f"status {status}, and COMMAND said {output!r}")
        if not whole and "events.jsonl" not in errors:
            problems.append("status as ever, and the record is not whole, which nobody says")
    else:
        word = "ends"
        if not errors.strip():
            problems.append(f"status {status} without a word")
        elif (reason not in errors and not CLEAR.search(errors)
              and fault.call not in NEEDS_NO_NAME):
            problems.append(f"status {status}, and no word of '{reason}'")
    if "terminate called" in errors or "Assertion" in errors:
        problems.append("it broke down")
    return Outcome(fault, word, problems, errors.strip()[-600:])


def prepare():
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def plan(ghostpeer, scene, arguments):
    faults = []
    for call, (first, last) in sorted(calls_of(ghostpeer, scene).items()):
        if arguments.call and call not in arguments.call:
            continue
        errors = errors_of(call)
        places = range(first, last + 1) if arguments.every else sorted({first, last})
        if arguments.sample:
            errors, places = errors[:1], [last]
        faults += [Fault(scene.name, call, error, when) for error in errors for when in places]
    return faults


def read_table():
    known = {}
    if os.path.exists(TABLE):
        with open(TABLE) as file:
            for line in file:
                parts = [part.strip(" `") for part in line.strip().strip("|").split("|")]
                if len(parts) == 4 and parts[0] in SCENES:
                    known[tuple(parts[:3])] = set(parts[3].split(", "))
    return known


def write_table(outcomes, known):
    for outcome in outcomes:
        if outcome.word != "not met":
            key = (outcome.fault.scene, outcome.fault.call, outcome.fault.error)
            known.setdefault(key, set()).add(outcome.word)
    with open(TABLE, "w") as file:
        file.write("# What comes of a system call that fails\n\nWritten by `tests/faults/faults.py "
                   "--write`, which says what has to hold in any case. `goes on`: the run's status "
                   "is as ever, `ends`: it is another, and a message says why.\n\n"
                   "| run | call | error | what comes of it |\n|---|---|---|---|\n")
        for key in sorted(known):
            file.write(f"| {key[0]} | `{key[1]}` | {key[2]} | {', '.join(sorted(known[key]))} |\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ghostpeer", required=True)
    parser.add_argument("--scene", action="append", choices=sorted(SCENES))
    parser.add_argument("--call", action="append")
    parser.add_argument("--sample", action="store_true")
    parser.add_argument("--every", action="store_true", help="each occurrence of a call")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    if os.geteuid() != 0 or not shutil.which("strace") or not shutil.which("curl"):
        print("skipped: needs root, strace and curl")
        return SKIPPED
    prepare()
    ghostpeer = os.path.abspath(arguments.ghostpeer)
    faults = []
    for name in arguments.scene or ["run", "serve"]:
        try:
            faults += plan(ghostpeer, SCENES[name], arguments)
        except Unable as why:
            if name != "warp":
                print(f"FAILED {why}")
                return 1
            print(f"skipped: {why}")
    if not faults:
        return SKIPPED
    known = read_table()
    bad = []
    outcomes = []
    with concurrent.futures.ProcessPoolExecutor(arguments.jobs, initializer=prepare) as pool:
        for outcome in pool.map(judge, [ghostpeer] * len(faults), faults):
            outcomes.append(outcome)
            fault = outcome.fault
            expected = known.get((fault.scene, fault.call, fault.error))
            problems = list(outcome.problems)
            if not arguments.sample and expected and outcome.word not in expected | {"not met"}:
                problems.append(f"the table has: {', '.join(sorted(expected))}")
            print(f"{'FAILED ' if problems else 'ok     '}{fault.scene:6} {fault.call:16} "
                  f"{fault.when:4} {fault.error:7} {outcome.word}", flush=True)
            if problems:
                bad.append(outcome)
                print("".join(f"    {problem}\n" for problem in problems) +
                      "".join(f"    | {line}\n" for line in outcome.told.splitlines()), flush=True)
    if arguments.write:
        write_table(outcomes, known)
    words = collections.Counter(outcome.word for outcome in outcomes)
    print(f"{len(outcomes)} faults: " + ", ".join(f"{n} {word}" for word, n in words.items()) +
          f"; {len(bad)} do not hold")
    if words["not met"] == len(outcomes):
        print("no fault has struck")
        return 1
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
