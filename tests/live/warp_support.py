"""Runs in virtual time (--warp), for tests."""

import glob
import json
import threading

import schedule
from harness import PYTHON, Failure, Skip

READ_SYSCTLS = ("import glob, os, json\n"
                "print(json.dumps({os.path.basename(p): open(p).read().strip()"
                " for p in glob.glob('/proc/sys/net/ipv4/tcp_*') if os.access(p, 4)"
                " and 'key' not in p}))")
_guests = {}
_guests_lock = threading.Lock()


def warp(t, profile, command, *options, kernel=None, wall="50s", **more):
    """A run in virtual time."""
    guest(t, kernel)
    flag = "--warp" if kernel is None else f"--warp={kernel}"
    return t.run(profile, command, options=[flag, "--wall-timeout", wall, *options], **more)


def start(t, profile, command, *options, wall="50s", **more):
    guest(t)
    return t.start(profile, command, options=["--warp", "--wall-timeout", wall, *options], **more)


def guest(t, kernel=None):
    """The schedules of the guest's kernel; skips where it has not been built."""
    with _guests_lock:
        if kernel not in _guests:
            flag = "--warp" if kernel is None else f"--warp={kernel}"
            run = t.run("healthy", [PYTHON, "-c", READ_SYSCTLS], options=["-q", flag],
                        outputs=False)
            missing = "ghostpeer warp build" in run.errors and run.status == 125
            _guests[kernel] = None if missing else run
        run = _guests[kernel]
    if run is None:
        raise Skip(f"no kernel {kernel or 'of the default series'} has been built for --warp")
    if "AddressSanitizer failed to allocate" in run.errors:
        raise Skip("the sanitizers' shadow memory does not fit into a guest")
    if run.status != 0:
        raise Failure(f"the guest's sysctls cannot be read: {run.errors}")
    return schedule.Kernel(json.loads(run.text))


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def below(pid):
    """Processes below pid."""
    parents = {}
    for path in glob.glob("/proc/[0-9]*/stat"):
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                fields = file.read().rpartition(")")[2].split()
            parents.setdefault(int(fields[1]), []).append(int(path.split("/")[2]))
        except OSError:
            continue
    found, ahead = [], [pid]
    while ahead:
        ahead += parents.get(ahead[0], [])
        found.append(ahead.pop(0))
    return found[1:]


def folders():
    """What runs in virtual time have left behind, or have in use."""
    return set(glob.glob("/dev/shm/ghostpeer-warp-*") + glob.glob("/tmp/ghostpeer-warp-*"))


def folder_of(run):
    return [f for f in folders() if f"-{run.process.pid}-" in f]


def machines_of(run):
    """Processes that belong to the run's guest: they have its folder on their command line, or
    are traced by one that has."""
    found = []
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        try:
            with open(path, "rb") as file:
                text = file.read()
        except OSError:
            continue
        if f"-{run.process.pid}-".encode() in text and b"uml_dir=" in text:
            found.append(int(path.split("/")[2]))
    return found
