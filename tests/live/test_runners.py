"""The packages of runners/ as their users have them: built, installed, with the example of their page."""

import os
import re
import shutil
import subprocess

from harness import PYTHON, test
from runners_support import RUNNERS, call, copy, under_run


def need_module(t, name):
    if subprocess.run([PYTHON, "-c", f"import {name}"], stderr=subprocess.DEVNULL,
                      check=False).returncode != 0:
        t.skip(f"python3-{name.replace('_', '-')} is not installed")


def installed_wheel(t):
    folder = copy(t, "python")
    call(t, PYTHON, "-c", "from setuptools import build_meta; build_meta.build_wheel('dist')",
         cwd=folder)
    wheel = os.path.join(folder, "dist", "ghostpeer_pytest-0.2.0-py3-none-any.whl")
    place = os.path.join(t.folder, "installed")
    shutil.unpack_archive(wheel, place, "zip")
    return os.path.join(folder, "example"), place


@test
def pytest_four_workers(t):
    need_module(t, "xdist")
    example, place = installed_wheel(t)
    said = call(t, PYTHON, "-m", "pytest", "-p", "no:cacheprovider", "--ghostpeer", "-n", "4", "-q",
                ".", cwd=example, PYTHONPATH=place)
    t.contains(said, "5 passed")


@test
def pytest_starts_itself_again_and_fails_a_test_by_name(t):
    example, place = installed_wheel(t)
    t.write("test_unmet.py", """
import socket

import pytest

pytestmark = pytest.mark.ghostpeer("healthy")


@pytest.mark.ghostpeer("refuse-twice", peer="db.example")
def test_never_goes_there():
    pass


@pytest.mark.ghostpeer("refuse-twice", peer="db.example", set={"times": 1})
def test_goes_there():
    for attempt in range(2):
        try:
            socket.create_connection(("db.example", 80)).close()
        except ConnectionRefusedError:
            assert attempt == 0


@pytest.mark.ghostpeer("refuse-twice", peer="db.example")
@pytest.mark.skip
def test_skipped():
    pass


def test_module_peer(ghostpeer_module):
    peer = ghostpeer_module.add("healthy", "kept.example")
    socket.create_connection((peer.host, 80)).close()


def test_fails_by_itself(ghostpeer):
    socket.create_connection((ghostpeer.host, 80)).close()
    assert False, "of its own"
""")
    said = call(t, PYTHON, "-m", "pytest", "-p", "no:cacheprovider", "--ghostpeer", "-rf",
                "--ghostpeer-results", "results", "test_unmet.py", cwd=t.folder, status=1,
                PYTHONPATH=place)
    t.contains(said, "2 failed, 2 passed, 1 skipped")
    t.contains(said, "FAILED test_unmet.py::test_never_goes_there")
    t.contains(said, "VerdictFailed")
    t.contains(said, "of its own")
    kept = sorted(os.listdir(os.path.join(t.folder, "results")))
    t.equal(kept, ["test_unmet.py_test_fails_by_itself", "test_unmet.py_test_never_goes_there"],
            "what failed tests leave")
    files = sorted(os.listdir(os.path.join(t.folder, "results", kept[0])))
    t.equal(files, ["events.jsonl", "page.html", "trace.txt"], "the files of one")
    t.contains(open(os.path.join(t.folder, "results", kept[0], "trace.txt"),
                    encoding="utf-8").read(), "[S]", "the trace")


@test
def node_test(t):
    t.need("npm")
    folder = copy(t, "node")
    call(t, "npm", "pack", "--silent", "--offline", cwd=folder)
    project = os.path.join(t.folder, "project")
    os.makedirs(os.path.join(project, "node_modules"))
    shutil.unpack_archive(os.path.join(folder, "ghostpeer-test-0.2.0.tgz"), project, "gztar")
    shutil.move(os.path.join(project, "package"),
                os.path.join(project, "node_modules", "ghostpeer-test"))
    shutil.copy(os.path.join(folder, "test", "peer.test.js"),
                os.path.join(project, "peer.test.mjs"))
    os.chmod(project, 0o755)
    said = under_run(t, "node", "--test", "--test-reporter", "tap", "peer.test.mjs", cwd=project)
    t.contains(said, "# pass 4")


@test
def bats(t):
    t.need("bats")
    folder = copy(t, "bats")
    said = under_run(t, "bats", "--tap", "client.bats", cwd=folder)
    t.contains(said, "ok 2 at an address that is free")
    said = under_run(t, "bats", "--tap", "client.bats", cwd=folder, status=1,
                     GHOSTPEER_TEST_FAILS="1")
    t.contains(said, "not ok 3 fails by name")


@test
def the_page_for_shells(t):
    t.need("nc")
    with open(os.path.join(RUNNERS, "README.md"), encoding="utf-8") as page:
        code = re.search(r"run by tests/live/test_runners.py -->\n```sh\n(.*?)```", page.read(),
                         re.S).group(1)
    program = os.path.join(t.folder, "ghostpeer")
    os.symlink(t.environment.ghostpeer, program)
    os.chmod(t.folder, 0o755)
    said = under_run(t, "sh", "-ec", code, PATH=f"{t.folder}:{os.environ['PATH']}")
    t.contains(said, "pass, judged at")
