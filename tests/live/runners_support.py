"""Packages of runners/ in a folder of the test's own, and runs of their tests."""

import os
import shutil
import subprocess

from control_support import TOP
from harness import Failure

RUNNERS = os.path.join(TOP, "runners")


def copy(t, folder):
    """What is built there is nobody else's."""
    to = os.path.join(t.folder, folder)
    shutil.copytree(os.path.join(RUNNERS, folder), to,
                    ignore=shutil.ignore_patterns("__pycache__", "dist", "node_modules"))
    for path, folders, files in os.walk(to):
        for name in [".", *folders, *files]:
            os.chmod(os.path.join(path, name), 0o777)
    os.chmod(t.folder, 0o777)
    return to


def call(t, *command, status=0, cwd=None, **more):
    environment = {**os.environ, "GHOSTPEER": t.environment.ghostpeer, "HOME": t.folder,
                   "PYTHONDONTWRITEBYTECODE": "1", **more}
    for name in ("GHOSTPEER_CONTROL", "GHOSTPEER_CONTROL_TCP", "GHOSTPEER_CONTROL_TOKEN"):
        environment.pop(name, None)
    done = subprocess.run([*t.environment.prefix, *command], capture_output=True, text=True,
                          errors="replace", cwd=cwd, env=environment, check=False, timeout=120)
    if done.returncode != status:
        raise Failure(f"{command} ended with {done.returncode}, expected {status}\n"
                      f"{done.stdout}\n{done.stderr}")
    return done.stdout + done.stderr


def under_run(t, *command, **more):
    return call(t, t.environment.ghostpeer, "run", "-q", "--link", t.link, "healthy", "--",
                *command, **more)
