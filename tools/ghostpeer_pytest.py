"""Control of a running ghostpeer from Python, and a pytest fixture. Standard library only; copy this
file to where your tests are.

    # conftest.py
    from ghostpeer_pytest import ghostpeer

    # test_client.py
    def test_is_refused(ghostpeer):
        ghostpeer.use("default", "refuse")
        ...

    $ ghostpeer run healthy -- pytest

After each test what it changed is undone: profiles are those of before, nothing is blackholed, and
connections that are left are reset.
"""

import contextlib
import http.client
import json
import os
import socket
import sys
import urllib.parse


class Error(Exception):
    """What ghostpeer said, and the status that it said it with."""

    def __init__(self, status, answer):
        super().__init__(answer.get("error", "no explanation"))
        self.status = status
        self.answer = answer


class TimedOut(Error):
    """What was waited for did not come true."""


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Ghostpeer:
    """One running ghostpeer; without an address that of GHOSTPEER_CONTROL."""

    def __init__(self, address=None, token=None):
        self.address = address or os.environ["GHOSTPEER_CONTROL"]
        self.token = token or os.environ.get("GHOSTPEER_CONTROL_TOKEN")

    # requests ----------------------------------------------------------------------------------

    def _connect(self, timeout):
        if self.address.startswith("unix:"):
            return _UnixConnection(self.address[len("unix:"):], timeout)
        where = urllib.parse.urlsplit(self.address)
        return http.client.HTTPConnection(where.hostname, where.port, timeout=timeout)

    def _headers(self):
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    def request(self, method, path, body=None, timeout=30):
        """The answer's JSON; an error is raised."""
        with contextlib.closing(self._connect(timeout)) as connection:
            connection.request(method, path, None if body is None else json.dumps(body),
                               self._headers())
            response = connection.getresponse()
            answer = json.loads(response.read())
        if response.status >= 400:
            raise (TimedOut if response.status == 408 else Error)(response.status, answer)
        return answer

    # looking -----------------------------------------------------------------------------------

    def peers(self):
        return self.request("GET", "/v1/peers")["peers"]

    def connections(self, peer=None):
        found, where = [], {"limit": 256, **({"peer": peer} if peer else {})}
        start = 0
        while start is not None:
            page = self.request("GET", "/v1/connections?" +
                                urllib.parse.urlencode({**where, "from": start}))
            found += page["connections"]
            start = page["next"]
        return sorted(found, key=lambda one: one["id"])

    def stats(self, reset=False):
        return self.request("POST", "/v1/stats/reset") if reset else \
            self.request("GET", "/v1/stats")

    def newest_event(self):
        """What to give to `wait(..., since=)`, so that nothing from now on is overlooked."""
        with contextlib.closing(self._events(None, 30)) as lines:
            return int(next(lines).rsplit(" ", 1)[1])

    def wait(self, condition, timeout=5.0, since=None):
        """Returns once the condition is true; else raises TimedOut. It is a sentence such as
        `established >= 1`, see `ghostpeer ctl --help`."""
        query = {"for": condition, "timeout": f"{int(timeout * 1000)}ms",
                 **({} if since is None else {"since": since})}
        return self.request("GET", "/v1/wait?" + urllib.parse.urlencode(query),
                            timeout=timeout + 30)

    def events(self, since=None, timeout=60):
        """Each event as a dictionary, from now on, until the run ends."""
        for line in self._events(since, timeout):
            if line.startswith("data: "):
                yield json.loads(line[len("data: "):])

    def _events(self, since, timeout):
        with contextlib.closing(self._connect(timeout)) as connection:
            connection.request("GET", "/v1/events" + ("" if since is None else f"?since={since}"),
                               headers=self._headers())
            response = connection.getresponse()
            while line := response.readline():
                yield line.decode().rstrip("\n")

    # acting ------------------------------------------------------------------------------------

    def use(self, peer, profile, **parameters):
        """New connections of the peer have this profile."""
        return self.request("PUT", f"/v1/peers/{urllib.parse.quote(peer, '')}/profile",
                            {"profile": profile, "set": parameters})

    def act(self, action, peer=None, conn=None):
        """Any action of the profile language, as YAML (`{window: 0}`) or as a value that is JSON;
        on one connection, those of a peer, or all. Returns on how many."""
        where = f"/v1/connections/{conn}" if conn is not None else \
            f"/v1/peers/{urllib.parse.quote(peer, '')}" if peer is not None else "/v1"
        return self.request("POST", where + "/actions", {"do": action})["connections"]

    def blackhole(self, peer=None, conn=None):
        return self.act("blackhole", peer, conn)

    def revive(self, peer=None, conn=None):
        return self.act("revive", peer, conn)

    def reset(self, peer=None, conn=None):
        return self.act("reset", peer, conn)

    def close(self, peer=None, conn=None):
        return self.act("close", peer, conn)

    def fire(self, command):
        return self.request("POST", f"/v1/commands/{urllib.parse.quote(command, '')}")["connections"]

    @contextlib.contextmanager
    def undone(self):
        """What is changed inside is changed back at the end."""
        before = {one["name"]: one["profile"] for one in self.peers()}
        try:
            yield self
        finally:
            self.revive()
            self.reset()
            for one in self.peers():
                if one["profile"] != before[one["name"]]:
                    self.use(one["name"], before[one["name"]])


# Programs that are no tests need not wait for pytest to load, nor have it.
if "pytest" in sys.modules:
    import pytest

    @pytest.fixture
    def ghostpeer():
        if "GHOSTPEER_CONTROL" not in os.environ:
            pytest.skip("this is no run of ghostpeer: ghostpeer run healthy -- pytest")
        with Ghostpeer().undone() as running:
            yield running
