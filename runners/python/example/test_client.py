"""A client that comes back, and what it comes back from: pytest --ghostpeer -n 4"""

import socket
import time

import pytest
from ghostpeer_pytest import attempts, see


def connect(host, port=5432, tries=4, timeout=0.3):
    """The code that is tested: it tries again, with a pause that grows."""
    pause = 0.25
    for left in reversed(range(tries)):
        try:
            return socket.create_connection((host, port), timeout=timeout)
        except OSError:
            if not left:
                raise
        time.sleep(pause)
        pause *= 2
    raise AssertionError("never here")


@pytest.mark.ghostpeer("refuse-twice", peer="db.example")
def test_comes_back():
    connect("db.example").close()


@pytest.mark.ghostpeer("refuse-twice", peer="db.example:5432", set={"times": 3},
                       expect=[attempts(4, apart={"growth": "1.2..4", "at_most": "3s"})])
def test_pauses_grow(ghostpeer):
    connect(ghostpeer.host, ghostpeer.port).close()


@pytest.mark.ghostpeer({"rules": [{"on": "enter established", "do": {"say": "hello"}}],
                        "expect": [see("receive fin")]})
def test_hears_the_greeting(ghostpeer):
    with connect(ghostpeer.host) as server:
        assert server.recv(5) == b"hello"


@pytest.mark.ghostpeer("""
    summary: Takes nothing from the moment on that it is connected.
    rules: [{on: enter established, do: blackhole}]
""")
def test_notices_silence(ghostpeer):
    with connect(ghostpeer.host) as server:
        server.sendall(b"anybody there?")
        with pytest.raises(TimeoutError):
            server.recv(1)
    assert not ghostpeer.events(event="segment", kind="data", fate="accepted")


def test_notices_a_reset(ghostpeer):
    peer = ghostpeer.add("healthy")
    with connect(peer.host) as server:
        peer.wait("established >= 1")
        assert peer.reset() == 1
        with pytest.raises(ConnectionResetError):
            server.recv(1)
