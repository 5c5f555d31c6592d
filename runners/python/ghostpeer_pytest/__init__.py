"""ghostpeer for tests in Python: peers that misbehave at the level of TCP, and a verdict for each
test. `client` asks a running ghostpeer, `plugin` is pytest's."""

from .client import Error, Ghostpeer, TimedOut
from .expect import attempts, never, outcome, see
from .scope import Peer, Scope, VerdictFailed

__all__ = ["Error", "Ghostpeer", "Peer", "Scope", "TimedOut", "VerdictFailed", "attempts",
           "never", "outcome", "see"]
__version__ = "0.2.0"
