#!/usr/bin/env python3
"""Runs the gallery: reported bugs of real programs, each as a folder with a page, a profile and the
program.

    run.py --ghostpeer PATH [--filter REGEX] [--day] [--list] [--without-faults]

A folder has a case.yaml:

    title: one line, as in the index
    day: true                       with --day only these are run
    timeout: 1h                     virtual time that a run may take (10m); a run may have its own
    options: [--peer, a=refuse]     for all runs, further options of `ghostpeer run`
    runs:
      - name: shows                 with the fault, at a version that has the bug
        npm: axios@1.7.9            in NODE_PATH; installed once, pinned, kept in the user's cache
        needs: [node]               programs and Python modules (`python:redis`)
        profile: profile.yaml       of this folder (profile.yaml), or of the catalogue (`healthy`)
        run: [node, client.js]
        status: 123                 of ghostpeer (0)
        says: [EXPRESSION, …]       each is found in what the program and the verdict say
        never: [EXPRESSION, …]      none is
        real: true                  in real time: what cannot be in a guest

Each case has a run `shows`, first, and one `without the fault`, which is the same but for its
profiles: the same program with the same time. In that one, and in each other run, what was shown must
not be seen; so a case cannot pass for another reason. With --without-faults all runs have the profiles
of `without the fault`, and each that passes is told: what it says does not come of its fault.
Exit status 0: all passed, 1: some failed, 77: all were skipped.
"""

import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

import yaml

HERE = pathlib.Path(__file__).resolve().parent
SKIPPED = 77
# What a package depends on is as of then.
BEFORE = "2026-10-01"
KEYS = {"title", "day", "timeout", "options", "runs"}
RUN_KEYS = {"name", "npm", "needs", "profile", "run", "status", "says", "never", "options", "real",
            "timeout"}
SHOWS, HEALTHY = "shows", "without the fault"


class Skip(Exception):
    """Why a case cannot run here."""


class Failure(Exception):
    """What was expected and what was seen."""


def load(folder):
    with open(folder / "case.yaml", encoding="utf-8") as file:
        case = yaml.safe_load(file)
    runs = {run["name"]: run for run in case["runs"]}
    unknown = set(case) - KEYS | {key for run in case["runs"] for key in run} - RUN_KEYS
    if unknown or case["runs"][0]["name"] != SHOWS or HEALTHY not in runs:
        raise SystemExit(f"{folder.name}/case.yaml: unknown words {sorted(unknown)}, or no run "
                         f"`{SHOWS}` first, or none `{HEALTHY}`: {list(runs)}")
    other = [key for key in ("npm", "run", "real", "timeout")
             if runs[SHOWS].get(key) != runs[HEALTHY].get(key)]
    other += ["options"] if len(runs[SHOWS].get("options", [])) != \
        len(runs[HEALTHY].get("options", [])) else []
    if other or not runs[SHOWS].get("says"):
        raise SystemExit(f"{folder.name}/case.yaml: `{HEALTHY}` differs from `{SHOWS}` in more than "
                         f"its profile ({', '.join(other)}), or `{SHOWS}` has no `says`")
    return case


def cache():
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return pathlib.Path(base) / "ghostpeer-gallery"


def install(packages):
    """The folder of these npm packages, `NAME@VERSION` and others beside it."""
    folder = cache() / re.sub(r"[^\w.@-]", "_", packages)
    if not (folder / "done").exists():
        if not shutil.which("npm"):
            raise Skip("npm is not installed")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        try:
            made = subprocess.run(
                ["npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts",
                 "--no-save", f"--before={BEFORE}", "--prefix", str(folder), *packages.split()],
                capture_output=True, text=True, timeout=120, check=False, cwd=folder)
        except subprocess.TimeoutExpired:
            raise Skip("npm's registry cannot be reached") from None
        if made.returncode != 0:
            if subprocess.run(["npm", "ping"], capture_output=True, check=False).returncode != 0:
                raise Skip("npm's registry cannot be reached")
            raise Failure(f"npm install {packages}: {made.stdout}{made.stderr}")
        (folder / "done").touch()
    return folder / "node_modules"


def demand(what):
    if what.startswith("python:"):
        found = subprocess.run(["/usr/bin/python3", "-c", f"import {what[7:]}"],
                               capture_output=True, check=False).returncode == 0
    else:
        found = shutil.which(what) or shutil.which(what, path="/usr/sbin:/sbin")
    if not found:
        raise Skip(f"{what.removeprefix('python:')} is not installed")


def command_of(arguments, case, run, work):
    """The command line and environment of one run."""
    profiles = run
    if arguments.without_faults:
        profiles = next(other for other in case["runs"] if other["name"] == HEALTHY)
    profile = profiles.get("profile", "profile.yaml")
    line = [arguments.ghostpeer, "run", "-o", str(work / "trace.txt")]
    line += [] if run.get("real") else ["--warp", "--free-work", "30s", "--wall-timeout", "200s"]
    line += ["--timeout", run.get("timeout", case.get("timeout", "10m")), *case.get("options", []),
             *profiles.get("options", [])]
    if profile:
        line.append(str(work / profile) if profile.endswith(".yaml") else profile)
    env = dict(os.environ, PYTHONDONTWRITEBYTECODE="1", PYTHONUNBUFFERED="1")
    for name in "http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "all_proxy":
        env.pop(name, None)
    if "npm" in run:
        env["NODE_PATH"] = str(install(run["npm"]))
    program = ["/usr/bin/python3" if word == "python3" else word for word in run["run"]]
    return [*line, "--", *program], env


def differences(run, status, said):
    """What is not as this run says."""
    problems = [] if status == run.get("status", 0) else \
        [f"exit status {status}, not {run.get('status', 0)}"]
    problems += [f"nothing like {e!r} was said" for e in run.get("says", [])
                 if not re.search(e, said, re.M)]
    return problems + [f"{e!r} was said" for e in run.get("never", [])
                       if re.search(e, said, re.M)]


def do(arguments, folder, case, run):
    for what in run.get("needs", []):
        demand(what)
    work = pathlib.Path(tempfile.mkdtemp(prefix="ghostpeer-gallery-"))
    try:
        shutil.copytree(folder, work, dirs_exist_ok=True)
        line, env = command_of(arguments, case, run, work)
        try:
            made = subprocess.run(line, cwd=work, env=env, capture_output=True, text=True,
                                  errors="replace", timeout=240, check=False,
                                  stdin=subprocess.DEVNULL)
        except subprocess.TimeoutExpired:
            raise Failure(f"{run['name']}: the run did not end within 240 s of real time") from None
        path = work / "trace.txt"
        trace = path.read_text(errors="replace") if path.exists() else ""
        said = made.stdout + made.stderr + trace[trace.rfind("\nghostpeer: "):]
        if made.returncode == 125 and "ghostpeer warp build" in said:
            raise Skip("no kernel of the default series has been built for --warp")
        problems = differences(run, made.returncode, said)
        if " of real time" in said:
            problems.append("the limit of real time ended it, which is none of the case")
        if arguments.without_faults:
            problems = [] if problems else ["it passes without its fault"]
        elif run["name"] != SHOWS and not differences(case["runs"][0], made.returncode, said):
            problems.append(f"what `{SHOWS}` has shown is seen here, too")
        if problems:
            raise Failure(f"{run['name']}: {'; '.join(problems)}\n$ {' '.join(line)}\n"
                          f"{said}\n{trace[-4000:]}")
    finally:
        shutil.rmtree(work, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ghostpeer", default="ghostpeer")
    parser.add_argument("--filter", default="", metavar="REGEX")
    parser.add_argument("--day", action="store_true", help="only the cases that have `day: true`")
    parser.add_argument("--without-faults", action="store_true",
                        help="each run has to fail, for no profile has a fault")
    parser.add_argument("--list", action="store_true", help="the titles, and nothing is run")
    arguments = parser.parse_args()
    arguments.ghostpeer = shutil.which(arguments.ghostpeer) or os.path.abspath(arguments.ghostpeer)
    counts = {"ok": 0, "FAILED": 0, "skipped": 0}
    for path in sorted(HERE.glob("*/case.yaml")):
        folder, case = path.parent, load(path.parent)
        if not re.search(arguments.filter, folder.name) or arguments.day and not case.get("day"):
            continue
        if arguments.list:
            print(f"{folder.name:40} {case['title']}")
            continue
        outcome, text, started = "ok", "", time.monotonic()
        for run in case["runs"]:
            if arguments.without_faults and run["name"] == HEALTHY:
                continue
            try:
                do(arguments, folder, case, run)
            except Skip as skip:
                outcome, text = "skipped", str(skip)
                break
            except Failure as failure:
                outcome, text = "FAILED", str(failure)
                break
        counts[outcome] += 1
        print(f"{outcome:7} {time.monotonic() - started:6.2f} s  {folder.name}"
              + (f": {text}" if text else ""), flush=True)
    if not arguments.list:
        print(", ".join(f"{number} {name}" for name, number in counts.items()))
    if counts["FAILED"]:
        return 1
    return SKIPPED if counts["skipped"] and not counts["ok"] else 0


if __name__ == "__main__":
    sys.exit(main())
