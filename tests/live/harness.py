"""What live tests are made of: a run of ghostpeer, its events, and what the program saw."""

import json
import os
import re
import select
import shutil
import signal
import subprocess
import tempfile
import threading
import time

import place
import schedule
from place import FAMILY, HOST, MSS, NO_MSS, PEER, PEER6, PROGRAM, PROGRAM6, TABLE  # noqa: F401
from record import Record, matches

NOBODY = 65534
# Interpreters of version managers live in folders that an unprivileged user may not read.
PYTHON = "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else shutil.which("python3")
# Longer than any run here takes: a test that comes so far hangs.
HARD_LIMIT = 60.0


class Failure(Exception):
    """What was expected and what was seen."""


class Late(Failure):
    """Something came later than expected, as it may on a busy machine; it is tried again alone."""


class Skip(Exception):
    """Why a test cannot run here."""


def stand(link, family):
    """Where the tests take place. Call it before their modules are read."""
    globals().update(place.of(link, family))


def test(function):
    """Marks a function of a module test_*.py as a test; it takes a Context."""
    function.is_live_test = True
    return function


def alone(function):
    """Marks a test that runs without others at its side: a flood fills the kernel's queues for
    packets that wait for their receiver, which are shared by all namespaces."""
    function.is_live_test = function.runs_alone = True
    return function


def brief(function):
    """Marks a test whose runs take a second or two and lean on waits between their steps: if it
    fails after far longer, a busy machine has held it up, and it is tried again alone."""
    function.is_live_test = function.is_brief = True
    return function


# What a brief test takes on a machine that has time for it, and as much again several times over.
BRIEF = 10.0


class Run:
    """A run that has ended (or is under way, for tests of signals)."""

    def __init__(self, context, argv, folder, events, trace):
        self.context = context
        self.argv = argv
        self.folder = folder
        self.events_path = events
        self.trace_path = trace
        self.process = None
        self.started = time.monotonic()
        self.elapsed = 0.0
        self.status = None
        self.out = b""
        self.err = b""
        self._records = None

    # the process -----------------------------------------------------------------------------

    def finish(self, limit=HARD_LIMIT, stdin=None):
        try:
            self.out, self.err = self.process.communicate(stdin, timeout=limit)
        except subprocess.TimeoutExpired:
            self.process.kill()
            # Whoever still holds the pipes outlived ghostpeer, which is a failure as well.
            try:
                self.out, self.err = self.process.communicate(timeout=5)
            except subprocess.TimeoutExpired:
                pass
            raise Failure(f"the run did not end within {limit} s") from None
        self.elapsed = time.monotonic() - self.started
        self.status = self.process.returncode
        return self

    def finish_unread(self, limit=HARD_LIMIT):
        """As `finish`, but nobody reads standard error."""
        out, end = self.process.stdout.fileno(), time.monotonic() + limit
        while time.monotonic() < end:
            if select.select([out], [], [], 0.1)[0]:
                data = os.read(out, 65536)
                if not data:
                    break
                self.out += data
        try:
            self.status = self.process.wait(max(end - time.monotonic(), 0.01))
        except subprocess.TimeoutExpired:
            raise Failure(f"the run did not end within {limit} s") from None
        self.elapsed = time.monotonic() - self.started
        return self

    @property
    def text(self):
        return self.out.decode(errors="replace")

    @property
    def errors(self):
        return self.err.decode(errors="replace")

    @property
    def trace(self):
        return _read(self.trace_path)

    # what was seen ---------------------------------------------------------------------------

    @property
    def records(self):
        if self._records is not None:
            return self._records
        records = []
        for line in _read(self.events_path).splitlines():
            try:
                records.append(Record(json.loads(line)))
            except ValueError:
                raise Failure(f"a line of the event stream is no JSON: {line!r}") from None
        if self.status is not None:
            self._records = records
        return records

    def events(self, event, **fields):
        wanted = {"shown": None, **fields}  # others are the judge's
        return [r for r in self.records if r.event == event and matches(r, wanted)]

    def segments(self, **fields):
        return self.events("segment", **fields)

    def received(self, kind=None, **fields):
        """Segments from the program; copies and late deliveries are not counted again."""
        if kind is not None:
            fields["kind"] = kind
        return self.segments(dir="in", **fields)

    def sent(self, reason=None, **fields):
        if reason is not None:
            fields["reason"] = reason
        return self.segments(dir="out", **fields)

    @property
    def verdict(self):
        verdicts = self.events("verdict")
        if len(verdicts) != 1:
            raise Failure(f"{len(verdicts)} verdicts in the event stream instead of one")
        return verdicts[0]

    @property
    def lines(self):
        """The lines of the probe (or of any program that prints JSON lines)."""
        lines = []
        for line in self.text.splitlines():
            if line.startswith("{"):
                lines.append(Record(json.loads(line)))
        return lines

    def calls(self, name=None):
        return [line for line in self.lines if name in (None, line.call)]

    def call(self, name, index=0):
        calls = self.calls(name)
        if not -len(calls) <= index < len(calls):
            raise Failure(f"the program made {len(calls)} {name} calls, the test looks at "
                          f"number {index + 1}")
        return calls[index]

    @property
    def rto(self):
        """The retransmission timeout that the kernel came to in the handshake, in seconds, from
        the probe's first TCP_INFO: on a busy machine the round trip is more than nothing."""
        return self.call("TCP_INFO").rto_us / 1e6

    def transcript(self):
        parts = ["$ " + " ".join(_quote(a) for a in self.argv),
                 f"exit status {self.status} after {self.elapsed:.3f} s"]
        for title, text in (("standard output", self.text), ("standard error", self.errors),
                            ("trace and verdict", self.trace),
                            ("events", _read(self.events_path))):
            lines = text.splitlines()
            if lines:
                if len(lines) > 120:
                    lines[80:-40] = [f"… {len(lines) - 120} lines …"]
                parts.append(f"-- {title}")
                parts.extend("   " + line[:400] for line in lines)
        return "\n".join(parts).replace("\0", "\\0")


def _read(path):
    try:
        with open(path, errors="replace") as file:
            return file.read()
    except (OSError, TypeError):
        return ""


def _quote(argument):
    return argument if re.fullmatch(r"[\w./:=,@%+-]+", argument) else repr(argument)


class Environment:
    """What the whole test program was called with."""

    def __init__(self, ghostpeer, probe, link, user):
        self.ghostpeer = os.path.abspath(ghostpeer)
        self.probe = os.path.abspath(probe)
        self.link = link
        self.user = user
        self.prefix = []
        if user == "nobody" and os.geteuid() == 0:
            self.prefix = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
        self.uid = NOBODY if self.prefix else os.geteuid()
        self.variables = dict(os.environ)
        if self.uid != 0:
            # root's PATH names folders that nobody may not enter, which turns "not found" into
            # "not permitted".
            self.variables["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        self._kernel = None
        self._lock = threading.Lock()

    def kernel(self):
        """The schedules of this kernel in a fresh network namespace, as a run makes it."""
        with self._lock:
            if self._kernel is None:
                code = ("import glob, os, json\n"
                        "print(json.dumps({os.path.basename(p): open(p).read().strip()"
                        " for p in glob.glob('/proc/sys/net/ipv4/tcp_*') if os.access(p, 4)"
                        " and 'key' not in p}))")
                result = subprocess.run(
                    [*self.prefix, self.ghostpeer, "run", "-q", "--link", self.link, "healthy",
                     "--", PYTHON, "-c", code],
                    capture_output=True, text=True, timeout=HARD_LIMIT, check=False,
                    stdin=subprocess.DEVNULL, cwd="/")
                if result.returncode != 0:
                    raise Failure("the sysctls of a run cannot be read: exit status "
                                  f"{result.returncode}: {result.stderr}")
                self._kernel = schedule.Kernel(json.loads(result.stdout))
            return self._kernel


class Context:
    """What one test works with."""

    def __init__(self, environment):
        self.environment = environment
        self.folder = tempfile.mkdtemp(prefix="ghostpeer-live-")
        os.chmod(self.folder, 0o777)
        self.runs = []
        self.notes = []

    def cleanup(self):
        for run in self.runs:
            if run.process and run.process.poll() is None:
                run.process.kill()
                run.process.wait()
            for pipe in (run.process.stdin, run.process.stdout, run.process.stderr):
                if pipe and not pipe.closed:
                    pipe.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    # making runs -----------------------------------------------------------------------------

    @property
    def link(self):
        return self.environment.link

    @property
    def kernel(self):
        return self.environment.kernel()

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name), "w") as file:
            file.write(text)
        return self.path(name)

    def profile(self, text, name="profile.yaml"):
        """A profile of the test's own; indentation common to all lines is removed."""
        lines = text.strip("\n").split("\n")
        margin = min((len(x) - len(x.lstrip()) for x in lines if x.strip()), default=0)
        return self.write(name, "\n".join(x[margin:] for x in lines) + "\n")

    def probe(self, *steps, address=None, port=8080):
        return [self.environment.probe, "--json", address or PEER, str(port), *steps]

    def python(self, code, *arguments):
        lines = code.strip("\n").split("\n")
        margin = min((len(x) - len(x.lstrip()) for x in lines if x.strip()), default=0)
        return [PYTHON, "-c", "\n".join(x[margin:] for x in lines), *arguments]

    def start(self, profile, command, *, options=(), sets=None, sysctls=None, outputs=True,
              stdin=subprocess.DEVNULL, env=None, **popen):
        """Starts `ghostpeer run`; `profile` None leaves the positional PROFILE out."""
        number = len(self.runs)
        events = self.path(f"events{number}.jsonl") if outputs else None
        trace = self.path(f"trace{number}.txt") if outputs else None
        argv = [self.environment.ghostpeer, "run", *place.link_options(self.link, options)]
        if outputs:
            argv += ["-o", trace, "--events", events]
        for name, value in (sets or {}).items():
            argv += ["--set", f"{name}={value}"]
        for name, value in (sysctls or {}).items():
            argv += ["--sysctl", f"{name}={value}"]
        argv += options
        argv += [profile] if profile is not None else []
        argv += ["--", *command]
        return self._spawn(argv, events, trace, stdin, env, popen)

    def _spawn(self, argv, events, trace, stdin, env, popen):
        run = Run(self, argv, self.folder, events, trace)
        self.runs.append(run)
        popen.setdefault("stdout", subprocess.PIPE)
        popen.setdefault("stderr", subprocess.PIPE)
        popen.setdefault("cwd", self.folder)
        run.process = subprocess.Popen(
            [*self.environment.prefix, *argv], stdin=stdin,
            env={**self.environment.variables, **(env or {})}, **popen)
        return run

    def run(self, profile, command, *, stdin=None, limit=HARD_LIMIT, **more):
        """Makes a run and waits for its end."""
        pipe = subprocess.DEVNULL if stdin is None else subprocess.PIPE
        return self.start(profile, command, stdin=pipe, **more).finish(limit, stdin)

    def ghostpeer(self, *arguments, stdin=None, env=None, limit=HARD_LIMIT, program=None, **popen):
        """Any other command of ghostpeer."""
        pipe = subprocess.DEVNULL if stdin is None else subprocess.PIPE
        program = program or self.environment.ghostpeer
        run = self._spawn([program, *arguments], None, None, pipe, env, popen)
        return run.finish(limit, stdin)

    def sysctls_for(self, **values):
        """`--sysctl` values; those that this kernel does not have are left out."""
        return {f"net.ipv4.{name}": value for name, value in values.items()
                if self.kernel.has(name)}

    # asserting -------------------------------------------------------------------------------

    def skip(self, reason):
        raise Skip(reason)

    def need(self, program):
        if shutil.which(program) is None:
            raise Skip(f"the program '{program}' is not installed")

    def check(self, condition, what):
        if not condition:
            raise Failure(what)

    def equal(self, seen, expected, what="value"):
        if seen != expected:
            raise Failure(f"{what} is {seen!r}, expected {expected!r}")

    def contains(self, text, part, what="the text"):
        if part not in text:
            raise Failure(f"{what} does not contain {part!r}:\n{text}")

    def soon(self, run, limit, why="it took"):
        """The whole run, in real time, start and end of every process included."""
        if run.elapsed > limit:
            raise Late(f"{why}: {run.elapsed:.1f} s, at most {limit} s are expected")

    def near(self, seen, expected, what="time"):
        """Within the tolerance of schedule.py. A wait that the program began late looks short, so
        either way there is a second try."""
        earliest, latest = schedule.bounds(expected)
        if not earliest <= seen <= latest:
            raise Late(f"{what} is {seen:.4f} s, expected {expected:.4f} s "
                       f"({earliest:.4f} to {latest:.4f} s)")

    def near_all(self, seen, expected, what="times"):
        if len(seen) != len(expected):
            kind = Late if len(seen) < len(expected) else Failure
            raise kind(f"{what}: {len(seen)} seen ({_times(seen)}), {len(expected)} expected "
                       f"({_times(expected)})")
        for n, (a, b) in enumerate(zip(seen, expected)):
            self.near(a, b, f"{what}, number {n + 1} of {_times(seen)}, expected "
                            f"{_times(expected)}: it")

    def passed(self, run, status=0):
        """The run ended with COMMAND's status, and nothing else is wrong with it."""
        if run.status != status:
            raise Failure(f"exit status is {run.status}, expected {status}")
        if run.events_path:
            verdict = run.verdict
            if verdict.failures:
                raise Failure(f"the verdict is not good: {verdict.failures}")
            if (verdict.status, verdict["pass"]) != (status, status == 0):
                raise Failure(f"the process has status {status}, the verdict is {verdict}")
        return run

    def errno(self, call, expected):
        if call.errno != expected:
            raise Failure(f"{call.call}() ended with {call.errno or call.result}, "
                          f"expected {expected}")

    def result(self, call, expected):
        if call.result != expected:
            raise Failure(f"{call.call}() = {call.result} {call.errno or ''}, expected {expected}")

    def eventually(self, condition, what, limit=5.0):
        """Waits until the condition holds; for what happens outside of a run."""
        end = time.monotonic() + limit
        while time.monotonic() < end:
            value = condition()
            if value:
                return value
            time.sleep(0.02)
        raise Failure(f"within {limit} s it did not come about that {what}")


def _times(values):
    return " ".join(f"{value:.3f}" for value in values)


def since(records, start):
    """Times relative to an instant or to another record."""
    origin = start if isinstance(start, (int, float)) else start.t
    return [record.t - origin for record in records]


def signal_status(number):
    """The exit status for a COMMAND that a signal ended, as shells have it."""
    return 128 + int(number)


SIGNALS = signal.Signals
