"""pytest: ghostpeer run healthy -- python3 -m pytest tools/examples/test_client.py"""

import os
import pathlib
import socket
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from ghostpeer_pytest import ghostpeer  # noqa: E402, F401  (a fixture)

ADDRESS = (os.environ.get("GHOSTPEER_ADDR", ""), 80)


def test_is_served(ghostpeer):
    with socket.create_connection(ADDRESS):
        ghostpeer.wait("established >= 1")


def test_is_refused_twice_and_comes_back(ghostpeer):
    ghostpeer.use("default", "refuse-twice")
    for _ in range(2):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(ADDRESS)
    socket.create_connection(ADDRESS).close()


def test_notices_a_reset(ghostpeer):
    with socket.create_connection(ADDRESS) as client:
        ghostpeer.wait("established >= 1")
        assert ghostpeer.reset() == 1
        with pytest.raises(ConnectionResetError):
            client.recv(1)


def test_gives_up_on_a_dead_peer(ghostpeer):
    with socket.create_connection(ADDRESS, timeout=0.2) as client:
        ghostpeer.blackhole()
        client.sendall(b"anybody there?")
        with pytest.raises(TimeoutError):
            client.recv(1)
        assert ghostpeer.connections()[-1]["bytes_in"] == 0
