"""The probes, by the requirement that they are about."""

import dataclasses
import typing


@dataclasses.dataclass
class Probe:
    name: str  # `group.function`
    function: typing.Callable
    requirement: str
    families: str  # "4", "6" or "46"
    seconds: float  # about how long it takes
    alone: bool  # sends so much that others would notice


PROBES = []


def probe(requirement, family="4", seconds=2, alone=False):
    """A probe is a generator of (what was looked at, what was seen), the same for each host."""
    def register(function):
        group = function.__module__.removeprefix("probes_")
        PROBES.append(Probe(f"{group}.{function.__name__}", function, requirement, family, seconds,
                            alone))
        return function
    return register
