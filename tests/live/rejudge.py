"""A record is complete: offline it gives the verdict of its run, word for word."""

import json
import os
import subprocess

import harness


def _recorded(run):
    """Is the record there from its beginning to its end, and the trace beside it?"""
    if run.status is None or not (run.events_path and os.path.isfile(run.events_path)):
        return False
    with open(run.events_path, errors="replace") as file:
        lines = file.read().splitlines()
    if not lines or '"event":"run"' not in lines[0] or '"event":"verdict"' not in lines[-1]:
        return False
    return not json.loads(lines[-1]).get("lost") and bool(run.trace)


def judge_again(context):
    for run in context.runs:
        if not _recorded(run):
            continue
        judged = subprocess.run(
            [context.environment.ghostpeer, "judge", run.events_path], capture_output=True,
            text=True, errors="replace", timeout=harness.HARD_LIMIT, check=False,
            stdin=subprocess.DEVNULL, cwd="/")
        if judged.stderr or judged.returncode != run.status:
            raise harness.Failure("judged from its record, the run ends with "
                                  f"{judged.returncode} in place of {run.status}: {judged.stderr}")
        if not run.trace.endswith(judged.stdout) and "-q" not in run.argv:
            raise harness.Failure("judged from its record, the run has another verdict:\n"
                                  f"{judged.stdout}\nin place of the trace's end:\n"
                                  f"{run.trace[-len(judged.stdout) - 400:]}")
