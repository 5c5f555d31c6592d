#!/usr/bin/env python3
"""Runs the live tests: ghostpeer against this machine's kernel and real programs.

    run.py --ghostpeer PATH --probe PATH --link tun|ethernet|loopback [--user root|nobody]
           [--family ipv4|ipv6] [--filter REGEX] [--jobs N] [--list]

A line for each test; for one that fails the whole conversation. What comes later than it should
is tried once more without the other tests at its side. Exit status 0: all passed, 1: some failed,
77: all were skipped.
"""

import argparse
import concurrent.futures
import glob
import importlib
import os
import re
import subprocess
import sys
import tempfile
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.dont_write_bytecode = True

import harness  # noqa: E402  (the path above comes first)
import rejudge  # noqa: E402

SKIPPED = 77


def collect(pattern):
    tests = []
    for path in sorted(glob.glob(os.path.join(HERE, "test_*.py"))):
        module = importlib.import_module(os.path.basename(path)[:-3])
        topic = module.__name__.removeprefix("test_")
        for name, function in vars(module).items():
            if getattr(function, "is_live_test", False) and function.__module__ == module.__name__:
                full = f"{topic}.{name}"
                if re.search(pattern, full):
                    tests.append((full, function))
    return tests


def run_one(environment, name, function):
    """(name, outcome, seconds, text)"""
    started = time.monotonic()
    context = harness.Context(environment)
    try:
        function(context)
        rejudge.judge_again(context)
        outcome, text = "passed", ""
    except harness.Skip as skip:
        outcome, text = "skipped", str(skip)
    except harness.Late as late:
        outcome, text = "late", str(late)
        text += "".join("\n" + run.transcript() for run in context.runs)
    except Exception as error:  # a mistake in a test must not hide the others' results
        where = traceback.extract_tb(error.__traceback__)
        frames = [f for f in where if os.path.basename(f.filename).startswith("test_")]
        place = f"{os.path.basename(frames[-1].filename)}:{frames[-1].lineno}: " if frames else ""
        kind = "" if isinstance(error, harness.Failure) else f"{type(error).__name__}: "
        outcome, text = "failed", place + kind + str(error)
        if getattr(function, "is_brief", False) and time.monotonic() - started > harness.BRIEF:
            outcome = "late"
        if not isinstance(error, harness.Failure):
            text += "\n" + "".join(traceback.format_exception(error))
        for run in context.runs:
            text += "\n" + run.transcript()
    finally:
        context.cleanup()
    return name, outcome, time.monotonic() - started, text


def open_to_user(path, prefix):
    """May the user under test open the device for reading and writing?"""
    return subprocess.run([*prefix, harness.PYTHON, "-c",
                           "import os, sys; os.close(os.open(sys.argv[1], os.O_RDWR))", path],
                          stderr=subprocess.DEVNULL, check=False).returncode == 0


def reason_to_skip(environment):
    """Why nothing can run here, or None. May replace this process, see below."""
    if environment.user == "root" and os.geteuid() != 0:
        return "the tests as root need root"
    prefix = environment.prefix
    if prefix and subprocess.run([*prefix, environment.ghostpeer, "--version"], check=False,
                                 stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL).returncode != 0:
        return f"the user nobody may not run {environment.ghostpeer}"
    unshare = ["--net"] if os.geteuid() == 0 and not prefix else ["--user", "--net"]
    if subprocess.run([*prefix, "unshare", *unshare, "true"], check=False,
                      stderr=subprocess.DEVNULL).returncode != 0:
        return "user namespaces are not permitted to this user on this machine"
    if environment.link == "tun":
        if not os.path.exists("/dev/net/tun"):
            return "/dev/net/tun is missing"
        if not open_to_user("/dev/net/tun", prefix):
            if os.geteuid() != 0 or os.environ.get("GHOSTPEER_LIVE_TUN"):
                return "/dev/net/tun may not be opened by this user"
            open_tun_privately()
            return "/dev/net/tun may not be opened by this user"
    return None


def open_tun_privately():
    """Starts over in a mount namespace whose /dev/net/tun everybody may open, as udev makes it on
    ordinary machines; the machine's own device keeps its mode. Returns if that does not work."""
    node = os.path.join(tempfile.mkdtemp(prefix="ghostpeer-live-"), "tun")
    try:
        os.mknod(node, 0o600 | 0o020000, os.stat("/dev/net/tun").st_rdev)
        os.chmod(node, 0o666)
    except OSError:
        return
    os.environ["GHOSTPEER_LIVE_TUN"] = node
    script = 'mount --bind "$GHOSTPEER_LIVE_TUN" /dev/net/tun; rm "$GHOSTPEER_LIVE_TUN"; ' \
             'rmdir "${GHOSTPEER_LIVE_TUN%/*}"; exec "$@"'
    try:
        os.execvp("unshare", ["unshare", "--mount", "--propagation", "private", "sh", "-c", script,
                              "sh", sys.executable, *sys.argv])
    except OSError:
        return


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ghostpeer")
    parser.add_argument("--probe")
    parser.add_argument("--link", choices=["tun", "ethernet", "loopback", "auto"],
                        default="tun")
    parser.add_argument("--family", choices=["ipv4", "ipv6"], default="ipv4",
                        help="of the address that a test dials where it is about neither")
    parser.add_argument("--user", choices=["root", "nobody"],
                        default="root" if os.geteuid() == 0 else "nobody")
    parser.add_argument("--filter", default="", metavar="REGEX",
                        help="only tests whose topic.name matches")
    parser.add_argument("--jobs", type=int, default=8, help="most of a test's time is waiting")
    parser.add_argument("--list", action="store_true")
    arguments = parser.parse_args()

    harness.stand(arguments.link, arguments.family)
    tests = collect(arguments.filter)
    if arguments.list:
        print("\n".join(name for name, _ in tests))
        return 0
    if not arguments.ghostpeer or not arguments.probe:
        parser.error("--ghostpeer and --probe are needed to run tests")
    if not tests:
        parser.error(f"no test matches '{arguments.filter}'")

    environment = harness.Environment(arguments.ghostpeer, arguments.probe, arguments.link,
                                      arguments.user)
    reason = reason_to_skip(environment)
    if reason:
        print(f"all skipped: {reason}\n0 passed, 0 failed, {len(tests)} skipped")
        return SKIPPED

    counts = {"passed": 0, "failed": 0, "skipped": 0}
    late = []

    def report(name, outcome, seconds, text):
        counts[outcome] += 1
        word = {"passed": "ok     ", "failed": "FAILED ", "skipped": "skipped"}[outcome]
        print(f"{word} {seconds:6.2f} s  {name}" + (f": {text}" if text else ""), flush=True)

    def take(result):
        if result[1] == "late":
            late.append(result)
        else:
            report(*result)

    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        futures = [pool.submit(run_one, environment, name, function) for name, function in tests
                   if not getattr(function, "runs_alone", False)]
        for future in concurrent.futures.as_completed(futures):
            take(future.result())
    for name, function in tests:
        if getattr(function, "runs_alone", False):
            take(run_one(environment, name, function))
    for name, _, _, text in late:
        # Timers are never early, but late on a busy machine; alone they have to be in time.
        print(f"late             {name}, again alone: " + text.split("\n", 1)[0], flush=True)
        _, outcome, seconds, text = run_one(environment, name, dict(tests)[name])
        report(name, "failed" if outcome == "late" else outcome, seconds, text)
    print(f"{counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped")
    if counts["failed"]:
        return 1
    return SKIPPED if counts["passed"] == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
