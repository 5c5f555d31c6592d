"""Real clients of the catalogue's servers to build on, in virtual time."""

from harness import test
from protocol_clients import CLIENTS, meet
from warp_support import warp


def virtually(name):
    """A busy machine costs a client of virtual time more of it: its limits are wide."""
    @test
    def client(t):
        meet(t, name, lambda profile, command, options: warp(t, profile, command, *options),
             limit=300, short=60)
    return client


for _name in CLIENTS:
    globals()[_name] = virtually(_name)
