"""The examples of the control interface: node:test and a shell; and what cannot be done."""

import os

from control_support import TOOLS, inside, variables
from harness import test


@test
def example_of_node(t):
    t.need("node")
    run = t.run("healthy", ["node", "--test", os.path.join(TOOLS, "examples", "client.test.mjs")],
                env=variables(t))
    t.passed(run)


@test
def example_of_a_shell(t):
    t.need("nc")
    run = t.run("healthy", ["sh", os.path.join(TOOLS, "examples", "client.sh")], env=variables(t))
    t.passed(run)
    t.contains(run.text, "reset by the peer")


@test
def ctl_says_why_nothing_was_done(t):
    run = t.passed(inside(t, """
        kept = connect()
        peer.wait("established >= 1")
        assert "rule `on: command nothing`" in ctl("fire", "nothing", status=125)
        assert ctl("fire", "unplug") == "1 connection\\n"
        assert ctl("icmp", "host-unreachable") == "0 connections\\n"
        assert ctl("reset", "--conn", "1") == "1 connection\\n"
        assert "which is closed" in ctl("reset", "--conn", "1", status=125)
    """, profile=t.profile("""
        summary: Has a command.
        extends: healthy
        rules: [{on: command unplug, do: {log: unplugged}}]
    """), options=["--require-fault"]))
    t.contains(run.trace, "kept only for profiles that have an `icmp` action", "the notice")
