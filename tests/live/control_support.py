"""A run whose COMMAND is a piece of Python with the control interface at hand."""

import os

from harness import PYTHON, Failure

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TOOLS = os.path.join(TOP, "tools")
CLIENT = os.path.join(TOP, "runners", "python")

PRELUDE = """
import http.client, json, os, select, socket, subprocess, sys, threading, time
sys.path.insert(0, os.environ["CLIENT"])
sys.dont_write_bytecode = True
from ghostpeer_pytest import Error, Ghostpeer, TimedOut
peer = Ghostpeer()
ADDRESS = (os.environ["GHOSTPEER_ADDR"], 80)

def ctl(*words, status=0):
    done = subprocess.run([os.environ["GHOSTPEER"], "ctl", *words], capture_output=True, text=True)
    assert done.returncode == status, (words, done)
    return done.stdout or done.stderr

def connect():
    return socket.create_connection(ADDRESS)

def curl(*words):
    done = subprocess.run(["curl", "-sS", "--unix-socket", peer.address[5:], *words],
                          capture_output=True, text=True, check=True)
    return done.stdout
"""


def variables(t):
    return {"CLIENT": CLIENT, "GHOSTPEER": t.environment.ghostpeer, "PYTHONDONTWRITEBYTECODE": "1"}


def unindented(code):
    lines = code.strip("\n").split("\n")
    margin = min(len(x) - len(x.lstrip()) for x in lines if x.strip())
    return "\n".join(x[margin:] for x in lines)


def inside(t, code, profile="healthy", status=0, **more):
    """A run whose COMMAND is this Python code."""
    run = t.run(profile, [PYTHON, "-c", PRELUDE + unindented(code)], env=variables(t), **more)
    if run.status != status:
        raise Failure(f"exit status is {run.status}, expected {status}")
    return run
