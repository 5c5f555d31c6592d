"""The page of what real programs do, include/ghostpeer/programs.md, is what `sweep` finds today: of
the fast ones here, of all by `tools/sweep-table --check`."""

import os
import subprocess

from harness import PYTHON, test
from warp_support import guest


def compare(t, only):
    guest(t)
    table = os.path.join(os.path.dirname(__file__), "../../tools/sweep-table")
    run = subprocess.run([*t.environment.prefix, PYTHON, table, "--check", "--only", only],
                         env={**t.environment.variables, "GHOSTPEER": t.environment.ghostpeer},
                         text=True, capture_output=True, timeout=250, check=False)
    if run.returncode == 2:
        t.skip("the page of programs is about other versions")
    t.equal(run.returncode, 0, f"exit status ({run.stdout}{run.stderr})")


@test
def curl_takes_a_cut_header_for_an_answer(t):
    compare(t, r"^curl VERSION$")


@test
def wget_repeats_a_post(t):
    compare(t, r"^wget VERSION, a POST$")


@test
def psql_waits_for_ever(t):
    compare(t, r"^psql")


@test
def nginx_serves_the_next_client(t):
    compare(t, r"^nginx")
