"""The peers of one test, their record and their verdict."""

import json
import os

from .client import as_body


class VerdictFailed(AssertionError):
    """A fault that the test never met, or an expectation that does not hold."""


class Peer:
    """One peer of a scope: `host`, `address` and `port` are where the program finds it."""

    def __init__(self, scope, answer, host):
        self._scope = scope
        self.name = answer["name"]
        self.addresses = answer["addresses"]
        self.address = answer["addresses"][0]
        self.host = host or self.address
        self.port = answer["port"]

    def use(self, profile, reset=False, **parameters):
        """New connections have this profile."""
        return self._scope.run.use(self.name, self._scope.profile(profile), reset, **parameters)

    def act(self, action):
        return self._scope.run.act(action, self.name)

    def reset(self):
        return self.act("reset")

    def close(self):
        return self.act("close")

    def blackhole(self):
        return self.act("blackhole")

    def revive(self):
        return self.act("revive")

    def connections(self):
        return self._scope.run.connections(self.name)

    def wait(self, condition, timeout=5.0, since=None):
        """`established >= 1`, of this peer's connections."""
        return self._scope.run.wait(f"{condition} peer={self.name}", timeout, since)

    def remove(self):
        self._scope.run.remove_peer(self.name)
        self._scope.peers.remove(self)

    def __repr__(self):
        return f"<peer {self.name}>"


class Scope:
    """Peers that came together. What is asked of it concerns these alone."""

    def __init__(self, run, name, folder=None, file=None):
        self.run = run
        self.name = name
        self.peers = []
        self._folder = folder
        self._file = file
        self._before = {}
        self._ended = None
        run.begin_scope(name)

    def profile(self, profile, expect=None):
        """As requests have it: a path is that of the test's folder, a text is called as its file."""
        if isinstance(profile, str) and as_body(profile).get("profile") == profile and \
                profile.endswith((".yaml", ".yml")) and self._folder:
            profile = os.path.join(self._folder, profile)
        if expect is not None:
            if isinstance(profile, str) and "yaml" in as_body(profile):
                raise ValueError("expect= goes with a name, a path or a dictionary; a text has an "
                                 "`expect:` of its own.")
            profile = {**(profile if isinstance(profile, dict) else {"extends": profile}),
                       "expect": list(expect)}
        if isinstance(profile, dict) and self._file and "file" not in profile:
            profile = {**profile, "file": self._file}
        return profile

    def add(self, profile, peer=None, *, port=None, address=None, set=None, expect=None):
        """One more peer: `peer` is the name of a host (`db.example`, `db.example:5432`); without
        one it has an address that is free."""
        if peer and port is None and peer.rpartition(":")[2].isdigit() and ":" in peer:
            peer, _, text = peer.rpartition(":")
            port = int(text)
        answer = self.run.add_peer(self.profile(profile, expect), peer or None, address, port,
                                   self.name, **(set or {}))
        self.peers.append(Peer(self, answer, peer))
        return self.peers[-1]

    # The first peer, which most tests have alone.

    @property
    def peer(self):
        if not self.peers:
            raise LookupError("this scope has no peer: add one, or mark the test with "
                              "@pytest.mark.ghostpeer(PROFILE)")
        return self.peers[0]

    host = property(lambda self: self.peer.host)
    address = property(lambda self: self.peer.address)
    port = property(lambda self: self.peer.port)

    # What is done to all of them.

    def act(self, action):
        """On the connections of all peers of the scope; returns on how many."""
        return self.run.act(action, scope=self.name)

    def reset(self):
        return self.act("reset")

    def close(self):
        return self.act("close")

    def blackhole(self):
        return self.act("blackhole")

    def revive(self):
        return self.act("revive")

    def connections(self):
        return [one for peer in self.peers for one in peer.connections()]

    def wait(self, condition, timeout=5.0, since=None):
        """`established >= 1`: of the first peer, unless the condition says of what."""
        if condition.startswith(("event=", "rule ", "state=")) or "peer=" in condition:
            return self.run.wait(condition, timeout, since)
        return self.peer.wait(condition, timeout, since)

    def use(self, peer, profile, reset=False, **parameters):
        """Another profile for a peer that is the run's, until the scope ends."""
        for one in self.run.peers():
            if one["name"] == peer and one["scope"] is None:
                self._before.setdefault(peer, one["profile"])
        return self.run.use(peer, self.profile(profile), reset, **parameters)

    def fire(self, command):
        return self.run.fire(command)

    # The record.

    def verdict(self):
        """What it amounts to by now: `pass`, `headline`, `failures`, `text`, `verdict`."""
        return self._ended or self.run.verdict(self.name)

    def events(self, **fields):
        """What was recorded until now, those events alone that have these fields:
        `events(event="segment", kind="syn")`."""
        found = (json.loads(line) for line in self._part("record").splitlines())
        return [event for event in found
                if all(event.get(name) == value for name, value in fields.items())]

    def trace(self):
        return self._part("trace")

    def page(self):
        return self._part("page")

    def record(self):
        return self._part("record")

    def _part(self, what):
        from urllib.parse import quote
        return self.run.text("GET", f"/v1/scopes/{quote(self.name, '')}/{what}")

    def check(self):
        """Raises where the verdict fails."""
        verdict = self.verdict()
        if not verdict["pass"]:
            raise VerdictFailed(verdict["text"].rstrip("\n"))

    def end(self):
        """Everything of the scope goes; returns its verdict."""
        if self._ended is None:
            for peer, profile in self._before.items():
                self.run.use(peer, profile)
            self._ended = self.run.end_scope(self.name)
            self.peers.clear()
        return self._ended
