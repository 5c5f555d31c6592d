"""A running ghostpeer, asked from Python. Standard library only."""

import contextlib
import http.client
import json
import os
import socket
import urllib.parse


def _quoted(name):
    return urllib.parse.quote(name, "")


def as_body(profile):
    """What a request says of a profile: a name or a path, or the profile itself, as text or as a
    dictionary (`file` in it: what diagnostics call it)."""
    if isinstance(profile, dict):
        profile = dict(profile)
        file = profile.pop("file", None)
        profile.setdefault("summary", "A peer of a test.")
        return {"profile": profile, **({"file": file} if file else {})}
    if "\n" in profile or ": " in profile or profile.endswith(":"):
        return {"yaml": profile}
    return {"profile": profile}


class Error(Exception):
    """What ghostpeer said, and the status that it said it with."""

    def __init__(self, status, answer):
        text = answer.get("error", "no explanation")
        if answer.get("diagnostics"):
            text += "\n" + answer["diagnostics"].rstrip("\n")
        super().__init__(text)
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
        return json.loads(self.text(method, path, body, timeout))

    def text(self, method, path, body=None, timeout=30):
        """The same, as it came."""
        with contextlib.closing(self._connect(timeout)) as connection:
            connection.request(method, path, None if body is None else json.dumps(body),
                               self._headers())
            response = connection.getresponse()
            answer = response.read().decode()
        if response.status >= 400:
            raise (TimedOut if response.status == 408 else Error)(response.status,
                                                                  json.loads(answer))
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

    def use(self, peer, profile, reset=False, **parameters):
        """New connections of the peer have this profile: a name, a path, its text or a dictionary.
        `reset` ends those that are open."""
        return self.request("PUT", f"/v1/peers/{_quoted(peer)}/profile",
                            {**as_body(profile), "set": parameters, "reset": reset})

    def add_peer(self, profile, name=None, address=None, port=None, scope=None, **parameters):
        """One more peer. The answer has its name and its addresses."""
        place = {"name": name, "address": address, "port": port, "scope": scope}
        return self.request("POST", "/v1/peers",
                            {**{key: value for key, value in place.items() if value is not None},
                             **as_body(profile), "set": parameters})

    def remove_peer(self, peer):
        return self.request("DELETE", f"/v1/peers/{_quoted(peer)}")

    def begin_scope(self, name):
        """Peers that come with it have a record and a verdict of their own."""
        return self.request("POST", "/v1/scopes", {"name": name})

    def verdict(self, scope):
        return self.request("GET", f"/v1/scopes/{_quoted(scope)}/verdict")

    def end_scope(self, scope):
        """Its verdict, and it goes, with its peers."""
        return self.request("DELETE", f"/v1/scopes/{_quoted(scope)}")

    def act(self, action, peer=None, conn=None, scope=None):
        """Any action of the profile language, as YAML (`{window: 0}`) or as a value that is JSON;
        on one connection, those of a peer or of a scope, or all. Returns on how many."""
        where = f"/v1/connections/{conn}" if conn is not None else \
            f"/v1/peers/{_quoted(peer)}" if peer is not None else \
            f"/v1/scopes/{_quoted(scope)}" if scope is not None else "/v1"
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
        return self.request("POST", f"/v1/commands/{_quoted(command)}")["connections"]
