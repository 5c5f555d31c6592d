"""Signals at random moments, to each process of a run: nothing is left, and each run can be ended.

GHOSTPEER_MOMENTS is how many (24 by default, 1,000 in the nightly form). The choices are those of the
moment's number; which processes are there at the time is the machine's."""

import concurrent.futures
import glob
import os
import random
import signal
import subprocess
import time

from harness import Failure, alone

MOMENTS = int(os.environ.get("GHOSTPEER_MOMENTS", "24"))
AT_A_TIME = 4
SIGNALS = (signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM)
# Patience of the end, and as much as a busy machine makes of it: a run that hangs takes for ever.
LIMIT = 60.0
TRAFFIC = "while :; do nc -N -w 1 198.18.0.2 80 </dev/null >/dev/null 2>&1; done & " \
          "echo > $1; sleep 1000"


def family_of(marker):
    """pid and name of each process of the run, wherever it has gone."""
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/environ", "rb") as file:
                if marker.encode() not in file.read():
                    continue
            with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
                stat = file.read()
        except OSError:
            continue
        if stat.rpartition(")")[2].split()[0] != "Z":
            found[int(pid)] = stat.partition("(")[2].rpartition(")")[0]
    return found


class Moment:
    """One run, and what is done to it."""

    def __init__(self, t, number, argv, span, of_ours):
        self.of_ours = of_ours
        self.t, self.number = t, number
        self.random = random.Random(number)
        self.marker = f"GHOSTPEER_MOMENT=of-{os.getpid()}-{id(t)}-{number}"
        self.argv = argv(t.path(f"ready-{number}"))
        self.delay = self.random.uniform(0, span)
        self.signal = self.random.choice(SIGNALS)
        self.process = None
        self.target = None

    def __str__(self):
        return (f"moment {self.number}: {self.signal.name} after {1000 * self.delay:.1f} ms to "
                f"{self.target}")

    def start(self):
        name, value = self.marker.split("=")
        self.process = subprocess.Popen(
            [*self.t.environment.prefix, *self.argv], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=self.t.folder,
            env={**self.t.environment.variables, name: value})

    def strike(self):
        """The signal, to one of the processes that are there."""
        time.sleep(self.delay)
        family = {pid: name for pid, name in family_of(self.marker).items()
                  if pid == self.process.pid or self.of_ours(name)}
        family = family or {self.process.pid: "the first"}
        pid = self.random.choice(sorted(family))
        self.target = f"{family[pid]} ({pid}) of {family}"
        try:
            os.kill(pid, self.signal)
        except ProcessLookupError:
            pass
        return pid

    def end(self, struck):
        """As a user ends it: SIGTERM, and SIGCONT where it is ghostpeer that was stopped."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            if struck == self.process.pid:
                self.process.send_signal(signal.SIGCONT)
        try:
            self.process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            raise Failure(f"{self}: the run cannot be ended; {family_of(self.marker)}") from None
        end = time.monotonic() + LIMIT
        while family := family_of(self.marker):
            if time.monotonic() > end:
                raise Failure(f"{self}: {family} are left")
            time.sleep(0.02)

    def all(self):
        self.start()
        try:
            self.end(self.strike())
            return self.process.pid
        finally:
            for pid in family_of(self.marker):
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            self.process.wait()


def span_of(t, argv):
    """Twice as long as it takes from the start to traffic, on this machine and now."""
    moment, ready = Moment(t, "first", argv, 0, bool), t.path("ready-first")
    began = time.monotonic()
    moment.start()
    try:
        t.eventually(lambda: os.path.exists(ready) and os.path.getsize(ready) or
                     moment.process.poll() is not None, "a run is at work", LIMIT)
        t.check(moment.process.poll() is None, f"{moment.argv} has ended by itself")
        return 2 * (time.monotonic() - began)
    finally:
        moment.end(moment.process.pid)


def strike_all(t, argv, of_ours=bool):
    """`of_ours` says of a process's name whether it is to be struck."""
    span = span_of(t, argv)
    with concurrent.futures.ThreadPoolExecutor(AT_A_TIME) as pool:
        moments = [Moment(t, number, argv, span, of_ours) for number in range(MOMENTS)]
        pids = list(pool.map(Moment.all, moments))
    # A run that was killed leaves its socket's name to the next one.
    t.passed(t.run("healthy", ["true"], outputs=False))
    left = [name for pid in pids for place in ("/dev/shm", "/tmp")
            for name in glob.glob(f"{place}/ghostpeer-{t.environment.uid}*/{pid}.*")]
    t.equal(left, [], "files that are left")


@alone
def run_at_random_moments(t):
    t.need("nc")
    strike_all(t, lambda ready: [t.environment.ghostpeer, "run", "-q", "--link", t.link, "healthy",
                                 "--", "sh", "-c", TRAFFIC, "sh", ready])


@alone
def serve_at_random_moments(t):
    serve = (f"ip link set lo up; exec {t.environment.ghostpeer} serve --link loopback "
             '--peer 127.0.0.1:8080=healthy > "$1"')
    strike_all(t, lambda ready: ["unshare", "--user", "--map-root-user", "--net", "sh", "-c", serve,
                                 "sh", ready], lambda name: name.startswith("ghostpeer"))
