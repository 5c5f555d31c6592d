"""The table of clients and faults in include/ghostpeer/sweep.md is what `sweep` finds today."""

import os
import subprocess
import sys

from harness import test
from warp_support import guest


@test
def the_page_tells_what_curl_and_nc_do(t):
    for program in "curl", "nc":
        t.need(program)
    guest(t)
    table = os.path.join(os.path.dirname(__file__), "../../tools/sweep-table")
    run = subprocess.run([sys.executable, table, "--check", "--only", "^(curl [0-9.]*|nc.*)$"],
                         env={**os.environ, "GHOSTPEER": t.environment.ghostpeer}, text=True,
                         capture_output=True, timeout=400, check=False)
    t.equal(run.returncode, 0, f"exit status ({run.stdout}{run.stderr})")
