"""Runs of the published experiments: the profile's own expectations have to hold, and the kernel's
view of the program's sockets is on the time line, and on this machine's kernel the program's
system calls are, too."""

from harness import Late, since
from warp_support import warp


# The system calls behind the probe's words.
CALLS = {"connect": ("connect",), "accept": ("accept", "accept4"), "recv": ("recvfrom",),
         "send": ("sendto",)}


def told(run, word):
    """The errnos of calls in the lane of system calls, in order. A write that does not wait and
    finds no room is how the probe fills a buffer."""
    return [call.errno for call in run.events("call")
            if call.name in CALLS[word] and call.errno not in (None, "EAGAIN")]


def told_as_seen(t, run):
    """Every errno that the probe saw is in the lane. The tests hold what it saw to what the
    experiments state."""
    for word in {line.call for line in run.lines if hasattr(line, "call")} & set(CALLS):
        seen = [line.errno for line in run.calls(word) if line.errno not in (None, "EAGAIN")]
        t.equal(told(run, word), seen, f"errno of each {word}() as told, and as the program saw it")


def judged(t, run, status=0):
    """The run passed, and something was expected of it. An expectation that failed is tried once
    more, as all that may come late on a busy machine."""
    if run.status == 123:
        raise Late(f"the run failed: {run.verdict.failures}")
    t.passed(run, status)
    t.check(run.verdict.expectations, "the profile expects nothing")
    return run


def experiment(t, profile, command, *options, status=0, **more):
    """On this machine's kernel."""
    t.need("strace")
    run = t.run(profile, command, options=["--sockets", "--syscalls", *options], **more)
    judged(t, run, status)
    told_as_seen(t, run)
    return run


def warped(t, profile, command, *options, status=0, **more):
    """In virtual time."""
    return judged(t, warp(t, profile, command, "--sockets", *options, **more), status)


def sockets(run, state=None, **fields):
    """What `ss -tano` would have shown at each change."""
    return run.events("socket", **({"state": state} if state else {}), **fields)


def states(run):
    """The states of the program's socket, in their order."""
    seen = []
    for view in sockets(run):
        if not seen or seen[-1] != view.state:
            seen.append(view.state)
    return seen


def waiting(run, state, timer):
    """The socket was seen in that state with that timer; the greatest count of retries that it
    showed."""
    views = sockets(run, state, timer=timer)
    if not views:
        raise Late(f"the timer {timer} was not seen in {state}: {sockets(run)}")
    return max(v.retries or 0 for v in views)


def ends(t, run, error, first="recv"):
    """The first call gets the error, then read returns 0 and write fails with EPIPE."""
    t.errno(run.call(first, 0 if first == "recv" else -2), error)
    t.result(run.call("recv", -1), 0)
    t.errno(run.call("send", -1), "EPIPE")


def connect_gives_up(t, run, times, end):
    """SYNs at these times after the first, and ETIMEDOUT at the end."""
    t.errno(run.call("connect"), "ETIMEDOUT")
    t.near(run.call("connect").took, end, "the time until ETIMEDOUT")
    syns = run.received("syn")
    t.near_all(since(syns, syns[0]), times, "SYNs")


def orphan_gives_up(t, run, times):
    """close() returns at once, and the kernel probes at these times after the data; then the socket
    is gone. The first probe."""
    t.result(run.call("close"), 0)
    t.check(run.call("close").took < 0.1, "close() has to return at once")
    probes = run.received("window-probe")
    t.near_all(since(probes, probes[0]), [x - times[0] for x in times[:-1]], "window probes")
    t.equal(states(run)[-2:], ["LAST-ACK", "GONE"], "the kernel's states")
    waiting(run, "LAST-ACK", "persist")
    return probes[0]
