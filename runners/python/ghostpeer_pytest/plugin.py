"""pytest: a peer for each test that asks for one, and the verdict of what came of it.

    @pytest.mark.ghostpeer("refuse-twice", peer="db.example")
    def test_comes_back(ghostpeer):
        connect(ghostpeer.host, 5432)

    $ pytest --ghostpeer
"""

import contextlib
import os
import pathlib
import re
import shlex
import shutil
import sys

import pytest

from .client import Ghostpeer
from .scope import Scope, VerdictFailed

ELSEWHERE = str(pathlib.Path(__file__).with_name("elsewhere.yaml"))
_scopes = pytest.StashKey()


def pytest_addoption(parser):
    group = parser.getgroup("ghostpeer", "peers that misbehave at the level of TCP")
    group.addoption("--ghostpeer", action="store_true",
                    help="start under `ghostpeer run`; with -n each worker in a network of its own")
    group.addoption("--ghostpeer-results", metavar="DIR", default=None,
                    help="where a failed test's trace, events and page go (ghostpeer-results)")
    parser.addini("ghostpeer_run", "what `ghostpeer run` is given before COMMAND; without it "
                  "nobody is there but the peers of the tests", default="")


def pytest_configure(config):
    config.addinivalue_line(
        "markers", "ghostpeer(profile, peer=None, port=None, address=None, set=None, expect=None): "
        "a peer for this test: a profile by its name or path, as text or as a dictionary, at the "
        "name of a host or at an address that is free")


# Under ghostpeer -----------------------------------------------------------------------------------

def _in_a_run():
    return "GHOSTPEER_CONTROL" in os.environ


def _run(config):
    program = os.environ.get("GHOSTPEER") or shutil.which("ghostpeer")
    if not program:
        raise pytest.UsageError("--ghostpeer: there is no program `ghostpeer` in PATH, and the "
                                "variable GHOSTPEER names none.")
    given = shlex.split(config.getini("ghostpeer_run")) or [ELSEWHERE]
    return [program, "run", "-q", *given, "--"]


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config):
    workers = getattr(config.option, "numprocesses", None) or getattr(config.option, "tx", None)
    if not config.getoption("ghostpeer") or _in_a_run() or workers:
        return
    if config.option.help or config.option.version or hasattr(config, "workerinput"):
        return
    command = getattr(sys, "orig_argv", None) or [sys.executable, *sys.argv]
    command = _run(config) + [sys.executable, *command[1:]]
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(command[0], command)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes(config, specs):
    """Names and addresses of one worker are nobody else's: each has a network of its own."""
    if not (config.getoption("ghostpeer") or _in_a_run()):
        return
    for spec in specs:
        if spec.popen and not spec.python:
            spec.python = shlex.join(_run(config) + [sys.executable])


# Scopes --------------------------------------------------------------------------------------------

def _new_scope(node, name, suffix=""):
    if not _in_a_run():
        pytest.skip("this is no run of ghostpeer: pytest --ghostpeer")
    run, path = Ghostpeer(), getattr(node, "path", None)
    known = {scope["name"] for scope in run.request("GET", "/v1/scopes")["scopes"]}
    chosen, more = name[:900] + suffix, 1
    while chosen in known:
        more += 1
        chosen = f"{name[:900]}{suffix} ({more})"
    return Scope(run, chosen, path and str(path.parent), path and str(path) + ".yaml")


def _judge(node, scope):
    """The verdict, and where it is a failure what shows it."""
    verdict = scope.verdict()
    return None if verdict["pass"] else VerdictFailed(verdict["text"].rstrip("\n"))


def _attach(item, scope, when):
    """What a failed test leaves: the trace in its report, the rest in files."""
    item.add_report_section(when, f"ghostpeer {scope.name}", scope.trace())
    base = item.config.getoption("ghostpeer_results") or item.config.rootpath / "ghostpeer-results"
    folder = pathlib.Path(base) / re.sub(r"[^\w.=-]+", "_", scope.name)[-200:]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in (("trace.txt", scope.trace()), ("events.jsonl", scope.record()),
                           ("page.html", scope.page())):
            (folder / name).write_text(text)
    except OSError as problem:
        item.add_report_section(when, "ghostpeer files", f"{folder}: {problem}")
        return
    item.add_report_section(when, "ghostpeer files",
                            f"{folder}: trace.txt, events.jsonl, page.html")
    item.user_properties.append(("ghostpeer", str(folder)))


@pytest.fixture
def ghostpeer(request):
    """The peers of this test; those of its marks are there already."""
    scope = _new_scope(request.node, request.node.nodeid)
    request.node.stash.setdefault(_scopes, []).append(scope)
    try:
        for mark in request.node.iter_markers("ghostpeer"):  # the nearest first
            scope.add(*mark.args, **mark.kwargs)
        yield scope
    finally:
        scope.end()


@pytest.fixture(scope="module")
def ghostpeer_module(request):
    """Peers that stay for all tests of a module, and are judged when these are over."""
    scope = _new_scope(request.node, request.node.nodeid, " (module)")
    failure = None
    try:
        yield scope
        failure = _judge(request.node, scope)
        if failure is not None:
            failure.args = (f"{failure}\n\n{scope.trace()}",)
    finally:
        scope.end()
    if failure is not None:
        raise failure


@pytest.fixture(autouse=True)
def _ghostpeer_of_mark(request):
    if request.node.get_closest_marker("ghostpeer"):
        request.getfixturevalue("ghostpeer")


def _replace(outcome, failure):
    if hasattr(outcome, "force_exception"):
        outcome.force_exception(failure)
    else:  # pluggy before 1.1
        outcome._excinfo = (type(failure), failure, failure.__traceback__)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call(item):
    outcome = yield
    raised = outcome.excinfo[1] if outcome.excinfo else None
    if isinstance(raised, pytest.skip.Exception):
        return
    for scope in item.stash.get(_scopes, []):
        with contextlib.suppress(ConnectionError):  # the run is gone, which the test has told
            failure = _judge(item, scope)
            if failure is not None and raised is None:
                _replace(outcome, failure)
                raised = failure
            if raised is not None:
                _attach(item, scope, "call")
