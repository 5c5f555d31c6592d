"""From a capture of a run to a profile that does the same, in virtual time: a handful of the
catalogue, in which each way to misbehave has one. `tools/learn-round-trip` does it with all."""

import os
import subprocess

from harness import PYTHON, test
from warp_support import guest

TOOL = os.path.join(os.path.dirname(__file__), "../../tools/learn-round-trip")
SOME = ["reset-on-data", "synack-lost", "first-request-lost", "deferred-data"]


@test
def what_was_learned_does_the_same(t):
    guest(t)
    run = subprocess.run([*t.environment.prefix, PYTHON, TOOL, "--least-outcome", "100",
                          "--least-segments", "100", *SOME],
                         env={**t.environment.variables, "GHOSTPEER": t.environment.ghostpeer},
                         text=True, capture_output=True, timeout=250, check=False)
    t.equal(run.returncode, 0, f"exit status ({run.stdout}{run.stderr})")
