"""Sweeps in virtual time, for tests."""

import json

from warp_support import guest


def sweep(t, *arguments, command=(), **more):
    guest(t)
    options = ["-q", *(["-o", "out"] if "-o" not in arguments else []), *arguments]
    return t.ghostpeer("sweep", *options, *(["--", *command] if command else []), cwd=t.folder,
                       limit=120, **more)


def results(t, name="all.json"):
    with open(t.path(name), encoding="utf-8") as file:
        return json.load(file)


def outcomes(told):
    return {(run["fault"], run["position"]): run["outcome"] for run in told["runs"]}
