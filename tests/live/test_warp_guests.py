"""One guest does many runs: each as in a fresh one, and nothing of it comes to the next."""

import glob
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import time

import who
from harness import PEER, alone, test
from warp_support import alive, below, folders, guest, warp

TOOLS = pathlib.Path(__file__).resolve().parents[2] / "tools"
HELLO = f"echo | nc -N {PEER} 80"
# What a run can tell its guest by, and nothing else of it.
BOOT = "cat /proc/sys/kernel/random/boot_id"


def survey(t, script, *options, seeds=4, profiles=("healthy",), jobs=1, limit=120):
    """`script` once for each seed, and twice for the baseline before; what each has put into the
    file `told`, a line or more."""
    guest(t)
    run = t.ghostpeer("survey", "-q", "-o", "out", f"-j{jobs}", "--seeds", str(seeds), "--json",
                      "all.json", *options, *profiles, "--", "sh", "-c", script, cwd=t.folder,
                      limit=limit)
    try:
        with open(t.path("told"), encoding="utf-8") as file:
            return run, file.read().splitlines()
    except FileNotFoundError:
        return run, []


def results(t):
    with open(t.path("all.json"), encoding="utf-8") as file:
        return json.load(file)


def started(t, script, seeds=4, jobs=1):
    guest(t)
    uid = t.environment.uid
    who = {"user": uid, "group": uid, "extra_groups": []} if uid else {}
    return subprocess.Popen(
        [t.environment.ghostpeer, "survey", "-q", "-o", "out", f"-j{jobs}", "--seeds", str(seeds),
         "--json", "all.json", "healthy", "--", "sh", "-c", script],
        cwd=t.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **who)


def kernels(pid):
    """Of the guests below pid, with their processes."""
    def is_one(one):
        try:
            with open(f"/proc/{one}/cmdline", "rb") as file:
                return b"uml_dir=" in file.read()
        except OSError:
            return False

    return [one for one in below(pid) if is_one(one)]


def folders_of(pids):
    return [one for one in folders() if any(f"-{pid}-" in one for pid in pids)]


def lines_in(t, name="told"):
    try:
        with open(t.path(name), encoding="utf-8") as file:
            return len(file.readlines())
    except FileNotFoundError:
        return 0


@test
def a_guest_serves_many_runs(t):
    run, told = survey(t, f"{BOOT} >> told; {HELLO}")
    t.equal(run.status, 0, f"exit status ({run.text}{run.errors})")
    t.equal((len(told), len(set(told))), (6, 1), "runs, and the guests that did them")


@test
def nothing_of_a_run_comes_to_the_next(t):
    look = ("echo $(hostname) $(ls -A /dev/shm | grep -c left) $(ls /proc | grep -c '^[0-9]') "
            "$(cat /proc/sys/net/ipv4/tcp_retries2 /proc/sys/vm/swappiness) "
            "$(cat /proc/sysvipc/shm | wc -l) $(ls /proc/self/fd | wc -l) $(umask) "
            "$(stat -c %a /dev/null /dev/zero) $(ls /dev | wc -l) $LEFT >> told; ")
    # Of these some are root's alone to do.
    leave = ("echo x > /dev/shm/left; (setsid sleep 1000000 &); ipcmk -M 100; umask 0; export LEFT=1;"
             " echo 3 > /proc/sys/net/ipv4/tcp_retries2; echo 7 > /proc/sys/vm/swappiness;"
             " hostname left; chmod 600 /dev/zero; mknod /dev/left c 1 3; mount -t tmpfs x /tmp; ")
    run, told = survey(t, f"{look}{{ {leave}}} > /dev/null 2>&1; {HELLO}")
    t.equal(run.status, 0, f"exit status ({run.text}{run.errors})")
    t.equal((len(told), set(told)), (6, {told[0]}), "runs, and what they have found")


@test
def a_changed_kernel_is_not_used_again(t):
    who.needs_root(t)
    run, told = survey(t, f"{BOOT} >> told; echo 7 > /proc/sys/vm/swappiness; {HELLO}")
    t.equal(run.status, 0, f"exit status ({run.text}{run.errors})")
    t.equal((len(told), len(set(told))), (6, 6), "runs, and the guests that did them")


@test
def the_time_of_day_is_the_hosts_in_every_run(t):
    began = time.time()
    run, told = survey(t, f"date +%s >> told; {HELLO}; sleep 10000", "--slow", "3h")
    t.equal(run.status, 0, f"exit status ({run.text}{run.errors})")
    t.equal(len(told), 6, "runs")
    for one in told:
        t.check(began - 2 <= int(one) <= time.time() + 30, f"{one} is not now, {began:.0f}")


@test
def a_run_in_a_used_guest_is_one_in_a_fresh_guest(t):
    # The kernel's timers count in steps that grow with their length, so that the time of day at
    # which they are set decides when they go off.
    client = t.probe("keepalive=7200,75,9", "connect", "poll=in,180m", "close")

    def segments(path):
        with open(path, encoding="utf-8") as file:
            events = [json.loads(line) for line in file]
        return [(round(one["t"], 3), one["dir"], one.get("kind")) for one in events
                if one.get("event") == "segment"]

    fresh = [warp(t, "keepalive-blackhole", client) for _ in range(2)][1]
    guest(t)
    run = t.ghostpeer("survey", "-q", "-o", "out", "-j1", "--seeds", "3", "--json", "all.json",
                      "--limit", "5h", "--slow", "5h", "--report", "page.html",
                      "keepalive-blackhole", "--", *client,
                      cwd=t.folder, limit=120)
    t.check(run.status in (0, 123), f"exit status ({run.text}{run.errors})")
    expected = segments(fresh.events_path)
    t.check(len(expected) > 10 and expected[-1][0] > 7800, f"the fresh run: {expected}")
    for number in range(1, 4):
        seen = segments(t.path(f"out/{number:04}.jsonl"))
        t.equal([one[1:] for one in seen], [one[1:] for one in expected], f"segments of {number}")
        for mine, other in zip(seen, expected):
            t.check(abs(mine[0] - other[0]) < 0.05, f"{mine} of run {number} is {other} in a fresh "
                                                    "guest")
    with open(t.path("all.json"), encoding="utf-8") as file:
        statuses = {one["status"] for one in json.load(file)["runs"]}
    t.equal(statuses, {fresh.events("exit")[0].status}, "exit statuses")


@test
def a_run_that_breaks_its_guest_costs_that_run_alone(t):
    # The fourth run, the second after the baseline.
    process = started(t, f"{BOOT} >> told; if [ $(wc -l < told) = 4 ]; then while :; do :; done; fi;"
                         f" {HELLO}")
    t.eventually(lambda: lines_in(t) == 4, "the run that does not end", limit=60)
    t.check(kernels(process.pid), "the guest has no kernel")
    for pid in kernels(process.pid):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    text, errors = process.communicate(timeout=90)
    with open(t.path("told"), encoding="utf-8") as file:
        told = file.read().splitlines()
    t.equal([told.index(one) for one in told], [0, 0, 0, 0, 4, 4], "which guest did which run")
    t.equal(results(t)["outcomes"]["fine"], 3, f"runs that went well ({text}{errors})")
    t.contains(text, "kernel was ended by signal 9", "what is said of the other")


@test
def a_survey_that_ends_leaves_nothing(t):
    for number in signal.SIGKILL, signal.SIGTERM, signal.SIGINT:
        process = started(t, f"echo >> told; {HELLO}; while :; do :; done", jobs=2)
        t.eventually(lambda: lines_in(t) >= 2 and len(below(process.pid)) >= 4, "runs at work",
                     limit=60)
        os.remove(t.path("told"))
        at_work = below(process.pid)
        process.send_signal(number)
        process.communicate(timeout=30)
        t.eventually(lambda: not any(alive(pid) for pid in at_work),
                     f"all of them are gone after {number!r}", limit=10)
        t.eventually(lambda: not folders_of(at_work), f"their folders are gone after {number!r}",
                     limit=10)
        subprocess.run(["rm", "-rf", t.path("out")], check=True)


def marked(mark):
    """Processes that have it in their environment: ghostpeer itself, its helpers and COMMANDs."""
    found = set()
    for path in glob.glob("/proc/[0-9]*/environ"):
        try:
            with open(path, "rb") as file:
                if mark.encode() in file.read():
                    found.add(int(path.split("/")[2]))
        except OSError:
            continue
    return found


@alone
def a_sweep_that_is_killed_at_any_moment_leaves_nothing(t):
    def begin(out, mark):
        return t._spawn([t.environment.ghostpeer, "sweep", "-q", "-j2", "-o", out, "--faults",
                        "reset,lose", "--at", "in of", "--fail-on", "none", "--", "nc", "-N", PEER,
                        "80"], None, None, subprocess.DEVNULL, {"MARK": mark}, {})

    guest(t)
    whole = begin("whole", "whole").finish(120)
    t.equal(whole.status, 0, f"exit status of a whole sweep ({whole.text}{whole.errors})")
    seed = random.SystemRandom().randrange(1 << 32)
    moments = random.Random(seed)
    for number in range(5):
        mark, at = f"killed-{seed}-{number}", moments.random() * whole.elapsed
        run = begin(f"out{number}", mark)
        seen, until = set(), time.monotonic() + at
        while time.monotonic() < until:
            seen |= marked(mark) | set(below(run.process.pid))
            time.sleep(0.05)
        run.process.kill()
        run.process.communicate()
        t.eventually(lambda: not marked(mark) and not any(alive(pid) for pid in seen),
                     f"all are gone, {at:.3f} s after the beginning (seed {seed})", limit=20)
        t.eventually(lambda: not folders_of(seen),
                     f"their folders are gone, {at:.3f} s after the beginning (seed {seed})",
                     limit=20)


@alone
def many_runs_take_no_more_than_one(t):
    guest(t)
    many_runs = [*t.environment.prefix, sys.executable, TOOLS / "many-runs", "--ghostpeer",
                 t.environment.ghostpeer, "--jobs", "2"]
    for runs, limit, status in (150, 200, 0), (10, 5, 1):
        run = subprocess.run([*many_runs, str(runs), "--limit", str(limit)], cwd=t.folder,
                             capture_output=True, text=True, check=False, timeout=280)
        t.equal(run.returncode, status, f"exit status of tools/many-runs ({run.stdout}{run.stderr})")
    t.contains(run.stderr, "more than 5", "what is said of guests that take more")
