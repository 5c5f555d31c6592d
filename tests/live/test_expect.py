"""Expectations: what real programs are seen to do, and how a run tells what they did not.

Tolerances are wider than the default where a busy machine could make a program late: here it is
the checks that are tested, not the machine."""

import os
import re
import shutil
import xml.etree.ElementTree as xml

from harness import HOST, PEER, PYTHON, Late, test
from warp_support import guest, warp

URL = f"http://{HOST}:8080/"

KEEPALIVE = """
    summary: never answers a keepalive probe
    rules:
      - {on: receive keepalive-probe, do: drop}
    expect:
      - {see: receive keepalive-probe, times: 2, apart: 1s, tolerance: 500ms}
      - {see: receive rst, within: 3s of enter established, tolerance: 1s}
      - {never: receive fin}
      - {outcome: timed-out}
"""


def expectations(run):
    """Line and `pass` of each."""
    return [(each["line"], each["pass"]) for each in run.verdict.expectations]


def on_time(t, run, status=0):
    """The run passed; where a time was not met, the machine may have been busy."""
    if run.status == 123:
        raise Late(f"the verdict is not good: {run.verdict.failures}")
    return t.passed(run, status)


def failed(t, run, *parts):
    """The run failed because of exactly one expectation, whose sentence has the parts."""
    t.equal(run.status, 123, "exit status")
    t.equal(len(run.verdict.failures), 1, f"failures {run.verdict.failures}")
    for part in parts:
        t.contains(run.verdict.failures[0], part, "the failure")
        t.contains(run.trace, part, "the verdict")


# Conversation -----------------------------------------------------------------------------------


@test
def held(t):
    run = on_time(t, t.run(t.profile(KEEPALIVE), t.probe("keepalive=1,1,2", "connect", "recv")))
    t.errno(run.call("recv"), "ETIMEDOUT")
    t.equal(expectations(run), [(5, True), (6, True), (7, True), (8, True)], "expectations")
    t.contains(run.trace, "never: receive fin: held, never seen", "the verdict")
    times = run.verdict.expectations[0]["times"]
    t.equal(times, [p.t for p in run.received("keepalive-probe")], "the times of the probes")
    t.equal(run.events("socket"), [], "events of sockets that nobody asked for")


@test
def not_held(t):
    run = t.run(t.profile(KEEPALIVE), t.probe("keepalive=1,1,4", "connect", "recv=1", "close"))
    t.equal(run.status, 123, "exit status")
    t.equal(expectations(run), [(5, False), (6, False), (7, True), (8, True)], "expectations")
    t.contains(run.verdict.failures[0],
               "profile.yaml:5: expected `receive keepalive-probe` twice, but saw it 4 times: at")
    lines = run.trace.splitlines()
    start = next(n for n, line in enumerate(lines) if "profile.yaml:5: expected" in line)
    t.equal(lines[start + 1].strip(), "5 |   - {see: receive keepalive-probe, times: 2, "
            "apart: 1s, tolerance: 500ms}", "the line of the profile")
    marked = [line for line in lines[start:] if line.startswith("    -> ")]
    t.contains(marked[0], "keepalive-probe  dropped by", "the marked line")
    third = run.received("keepalive-probe")[2].t
    t.check(abs(float(marked[0].split()[1]) - third) < 1e-5,
            f"the third probe, at {third}, is marked, not {marked[0]}")


@test
def quiet(t):
    # What fails is told on standard error, conversation and all, though there is no trace.
    profile = t.profile("{summary: x, expect: [{never: receive data}]}")
    run = t.run(profile, t.probe("connect", "send=5", "close"), options=["-q"], outputs=False)
    t.equal(run.status, 123, "exit status")
    t.contains(run.errors, "expected `receive data` never, but saw it once")
    t.contains(run.errors, "    -> ", "the conversation")
    run = t.run(profile, t.probe("connect", "close"), options=["-q"], outputs=False)
    t.equal((run.status, run.errors), (0, ""), "exit status and standard error")


@test
def what_the_end_of_a_run_brings_about_does_not_count(t):
    # Killed with unread data, COMMAND's kernel sends RST.
    profile = t.profile("""
        summary: greets
        rules:
          - {on: enter established, do: {say: hello}}
          - {on: idle 500ms, do: finish, optional: true}
        expect: [{never: [receive rst, receive fin]}, {outcome: open}]
    """)
    run = t.passed(t.run(profile, t.probe("connect", "sleep=60s")))
    t.equal(run.verdict.ended, "finish", "what ended the run")
    t.check(run.received("rst"), "no RST came at the end, so nothing was tested")
    run = t.run(profile, t.probe("connect", "sleep=60s"), options=["--timeout", "300ms"])
    t.equal((run.status, run.verdict["pass"]), (124, False), "exit status and verdict")
    t.equal(run.verdict.failures, [], "what failed beside the time")


# Back-off ---------------------------------------------------------------------------------------


BACK_OFF = """
    summary: refuses, and expects a client that backs off
    rules:
      - {on: receive syn, do: reset}
    tolerance: 30%
    expect:
      - attempts: 4
        apart: {at_least: 100ms, growth: 1.5..3}
      - {outcome: refused}
"""


@test
def back_off_of_curl(t):
    t.need("curl")
    profile = t.profile(BACK_OFF)
    curl = ["curl", "-sS", "--retry", "3", "--retry-connrefused"]
    run = on_time(t, t.run(profile, [*curl, URL]), status=7)
    gaps = [a.since_last for a in run.events("attempt") if a.since_last]
    t.near_all(gaps, [1, 2, 4], "curl's back-off")
    run = t.run(profile, [*curl, "--retry-delay", "1", URL])
    failed(t, run, "expected a gap of", "between the 2nd and the 3rd")


@test
def back_off_of_node(t):
    node = shutil.which("node", path=t.environment.variables["PATH"])
    if node is None:
        t.skip("the program 'node' is not installed")
    script = t.write("client.js", f"""
        const net = require('net');
        const delays = process.argv.slice(2).map(Number);
        function attempt(n) {{
            const socket = net.connect(8080, '{PEER}');
            socket.on('error', error => {{
                if (n < delays.length) setTimeout(attempt, delays[n], n + 1);
                else console.log(error.code, n + 1);
            }});
        }}
        attempt(0);
    """)
    profile = t.profile(BACK_OFF)
    run = on_time(t, t.run(profile, [node, script, "300", "600", "1200"]))
    t.equal(run.text.strip(), "ECONNREFUSED 4", "what the program saw")
    run = t.run(profile, [node, script, "300", "300", "300"])
    failed(t, run, "expected a gap of")
    run = t.run(profile, [node, script, "300", "600"])
    failed(t, run, "expected 4 attempts, but saw 3")


@test
def back_off_of_urllib3(t):
    # Its first retry comes at once, whatever the factor.
    profile = t.profile("""
        summary: refuses, and knows urllib3
        rules:
          - {on: receive syn, do: reset}
        expect:
          - attempts: 4
            apart: ["<= 300ms", ">= 800ms", ">= 1600ms"]
            tolerance: 100ms
    """)
    program = """
        import sys, urllib3
        retry = urllib3.util.Retry(total=3, backoff_factor=float(sys.argv[1]))
        try:
            urllib3.PoolManager().request("GET", "%s", retries=retry)
        except urllib3.exceptions.MaxRetryError as error:
            print(error.reason)
    """ % URL
    if t.ghostpeer("run", "-q", "--link", t.link, "healthy", "--", PYTHON, "-c",
                   "import urllib3").status != 0:
        t.skip("the Python package 'urllib3' is not installed")
    run = on_time(t, t.run(profile, t.python(program, "0.4")))
    t.contains(run.text, "Connection refused", "what the program saw")
    run = t.run(profile, t.python(program, "0"))
    failed(t, run, "between the 2nd and the 3rd")


# Outcomes ---------------------------------------------------------------------------------------


OUTCOMES = ("open", "closed", "reset", "refused", "timed-out", "unknown")


def outcome(t, wanted, profile, command, status=0, options=(), **more):
    """That outcome, and none of the others."""
    others = [word for word in OUTCOMES if word != wanted]
    path = t.profile(f"""
        summary: expects an outcome
        extends: {profile}
        expect:
          - {{outcome: {wanted}}}
          - {{outcome: [{", ".join(others)}], times: 0}}
    """, f"{wanted}.yaml")
    return t.passed(t.run(path, command, options=options, **more), status)


@test
def outcome_open(t):
    finish = t.profile("{summary: x, rules: [{on: idle 500ms, do: finish}]}", "finish.yaml")
    outcome(t, "open", finish, t.probe("connect", "sleep=60s"))
    # RST with a sequence number outside the window is answered, but resets nothing.
    forged = t.profile("""
        summary: forges RST
        rules:
          - {on: enter established, do: {reset: {seq: rcv.nxt+1000000}}}
    """, "forged.yaml")
    run = outcome(t, "open", forged, t.probe("connect", "sleep=300ms", "info", "sleep=60s"),
                  status=124, options=["--timeout", "1s"])
    t.equal(run.call("TCP_INFO").state, "ESTABLISHED", "the state of the socket")


@test
def outcome_closed(t):
    for steps in (["close"], ["shutdown=wr", "recv", "close"], ["linger0", "close"]):
        outcome(t, "closed", "healthy", t.probe("connect", *steps))
    # The peer closes first.
    ends = t.profile("{summary: x, rules: [{on: enter established, do: close}]}", "ends.yaml")
    outcome(t, "closed", ends, t.probe("connect", "recv", "close"))


@test
def outcome_closed_by_a_program_that_waits_no_longer(t):
    # No FIN, no RST: the kernel forgets a socket that is closed while connecting.
    run = outcome(t, "closed", "syn-blackhole",
                  t.probe("nonblock", "connect", "poll=out,1300ms", "close", "sleep=500ms"))
    t.result(run.call("poll"), 0)


# As a program's own connect timeout runs out, so may the timer of a SYN: at 1, 2, 3 … seconds (or 1,
# 3, 7), late by what the timer wheel adds. The kernel gives up much later.
WAITS = ("1", "1.01", "2.02", "3.05")


@test
def outcome_closed_where_curl_gives_up_as_a_syn_timer_runs_out(t):
    t.need("curl")
    for wait in WAITS:
        run = outcome(t, "closed", "syn-blackhole",
                      ["curl", "-sS", "--connect-timeout", wait, URL], status=28)
        t.contains(row(run), "closed by the program, never answered", "the verdict's line")
        t.check(lasted(run) >= float(wait), f"it lasted {lasted(run)} s, at least {wait} s are right")


@test
def outcome_closed_where_python_gives_up_as_a_syn_timer_runs_out(t):
    program = """
        import socket, sys
        try:
            socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=float(sys.argv[3]))
        except TimeoutError as error:
            sys.exit(7 if error.errno is None else str(error))
    """
    for wait in ("0.5", "1", "2"):
        run = outcome(t, "closed", "syn-blackhole", t.python(program, HOST, "8080", wait), status=7)
        t.contains(row(run), "closed by the program, never answered", "the verdict's line")
        t.check(lasted(run) >= float(wait), f"it lasted {lasted(run)} s, at least {wait} s are right")


@test
def outcome_closed_without_blocking_as_a_syn_timer_runs_out(t):
    for wait in (990, 1000, 1005, 1010, 1020):
        outcome(t, "closed", "syn-blackhole",
                t.probe("nonblock", "connect", f"sleep={wait}ms", "close"))


@test
def outcome_timed_out_by_an_option_of_the_socket(t):
    run = outcome(t, "timed-out", "syn-blackhole",
                  t.probe("user_timeout=1500ms", "connect", "sleep=300ms"))
    t.errno(run.call("connect"), "ETIMEDOUT")
    t.contains(row(run), "timed out, never answered", "the verdict's line")


@test
def outcome_of_two_that_end_otherwise(t):
    """One that the kernel gives up, and one that the program closes at that very time."""
    profile = t.profile("""
        summary: never answers
        extends: syn-blackhole
        expect:
          - {outcome: timed-out, times: 1}
          - {outcome: closed, times: 1}
    """)
    program = """
        import select, socket, sys
        socks = [socket.socket() for _ in range(2)]
        for s in socks:
            s.setblocking(False)
            s.connect_ex((sys.argv[1], 8080))
        socks[0].setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 1500)
        select.select([], socks, [])
        socks[1].close()
        sys.exit(socks[0].getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
    """
    t.passed(t.run(profile, t.python(program, HOST)), 110)


@test
def outcome_within(t):
    profile = t.profile("""
        summary: never answers
        extends: syn-blackhole
        expect:
          - {outcome: closed, within: 1s..3s of start}
          - {outcome: closed, within: 500ms of start, times: 0}
    """)
    t.passed(t.run(profile, t.probe("nonblock", "connect", "sleep=1200ms", "close")))
    late = t.profile("{summary: x, extends: syn-blackhole, "
                     "expect: [{outcome: closed, within: 500ms of start}]}", "late.yaml")
    failed(t, t.run(late, t.probe("nonblock", "connect", "sleep=1200ms", "close")),
           "expected the outcome `closed` up to 500 ms after `start`, but it was `closed` 1.")


# The verdict's table --------------------------------------------------------------------------------


def row(run, connection=1):
    """The line of a connection in the verdict's table."""
    lines = [line for line in run.trace.splitlines() if line.startswith(f"  #{connection} attempt")]
    return lines[0] if len(lines) == 1 else ""


def lasted(run):
    """Seconds."""
    number, unit = re.findall(r"([0-9.]+) (s|ms)\b", row(run))[-1]
    return float(number) / (1 if unit == "s" else 1000)


@test
def table_of_a_connect_that_the_program_gave_up(t):
    """Also without an expectation: until then, not until the last SYN."""
    run = t.run("syn-blackhole", t.probe("nonblock", "connect", "sleep=500ms", "close"))
    t.contains(row(run), "closed by the program, never answered")
    t.check(0.5 <= lasted(run) < 1.5, f"it lasted {lasted(run)} s, expected 0.5 s")


@test
def table_of_a_socket_that_timed_out(t):
    run = t.run("zero-window-dead", t.probe("user_timeout=1s", "connect", "fill", "poll=in,9s",
                                            "recv", "sleep=200ms"))
    t.errno(run.call("recv"), "ETIMEDOUT")
    t.contains(row(run), "timed out")
    run = t.run("syn-blackhole", t.probe("connect", "sleep=300ms"),
                sysctls=t.sysctls_for(tcp_syn_retries=1, tcp_syn_linear_timeouts=0))
    t.contains(row(run), "timed out, never answered")


@test
def table_of_a_reset_that_the_peer_did_not_get_to_see(t):
    profile = t.profile("{summary: x, rules: [{on: receive rst, do: drop}]}")
    run = t.run(profile, t.probe("connect", "linger0", "close", "sleep=100ms"))
    t.contains(row(run), "reset by the program")


@test
def table_of_an_unreachable_host(t):
    profile = t.profile("{summary: x, rules: "
                        "[{on: receive syn, do: [{icmp: host-unreachable}, drop]}]}")
    run = t.run(profile, t.probe("connect", "sleep=100ms"))
    t.errno(run.call("connect"), "EHOSTUNREACH")
    t.contains(row(run), "refused by an ICMP error")


@test
def table_of_what_is_still_open(t):
    run = t.run("healthy", t.probe("connect", "sleep=60s"), options=["--timeout", "1s"])
    t.contains(row(run), "still open")
    t.check(0.5 < lasted(run) < 1.5, f"it lasted {lasted(run)} s, expected a second")


@test
def outcome_reset(t):
    run = outcome(t, "reset", "reset-on-data", t.probe("connect", "send=5", "recv", "close"))
    t.errno(run.call("recv"), "ECONNRESET")


@test
def outcome_refused(t):
    run = outcome(t, "refused", "refuse", t.probe("connect"))
    t.errno(run.call("connect"), "ECONNREFUSED")


@test
def outcome_timed_out_connecting(t):
    run = outcome(t, "timed-out", "syn-blackhole", t.probe("connect", "sleep=200ms"),
                  sysctls=t.sysctls_for(tcp_syn_retries=1, tcp_syn_linear_timeouts=0))
    t.errno(run.call("connect"), "ETIMEDOUT")


@test
def outcome_timed_out_in_silence(t):
    # Neither FIN nor RST tells the peer of it.
    run = outcome(t, "timed-out", "silent-after-handshake",
                  t.probe("user_timeout=1s", "connect", "send=5", "recv", "sleep=200ms"))
    t.errno(run.call("recv"), "ETIMEDOUT")
    t.equal((run.received("rst"), run.received("fin")), ([], []), "farewells")


@test
def outcome_timed_out_without_keepalive_answers(t):
    run = outcome(t, "timed-out", "keepalive-blackhole",
                  t.probe("keepalive=1,1,1", "connect", "recv", "close"))
    t.errno(run.call("recv"), "ETIMEDOUT")
    t.equal(len(run.received("rst")), 1, "RST")


@test
def outcome_that_is_another(t):
    profile = t.profile("{summary: x, extends: refuse, expect: [{outcome: reset}]}")
    failed(t, t.run(profile, t.probe("connect")),
           "profile.yaml:1: expected the outcome `reset`, but it was `refused`.")


# Virtual time -----------------------------------------------------------------------------------


@test
def outcome_in_virtual_time(t):
    """Experiment 10: the default number of retransmissions, a quarter of an hour, no word."""
    profile = t.profile("""
        summary: is silent once established
        extends: silent-after-handshake
        sysctl: {net.ipv4.tcp_early_retrans: 0}
        expect:
          - {outcome: timed-out}
          - {see: receive data, times: 16}
          - {see: receive data, when: {retransmitted: true, elapsed: "<= 90s"}, apart: {growth: 2}}
          - {never: [receive fin, receive rst, receive keepalive-probe]}
    """)
    run = t.passed(warp(t, profile, t.probe("connect", "send=5", "recv", "sleep=1s"),
                        "--junit", t.path("junit.xml")))
    t.errno(run.call("recv"), "ETIMEDOUT")
    suite = xml.parse(t.path("junit.xml")).getroot().find("testsuite")
    t.contains(suite.get("name"), "on Linux 6.", "the name of the test suite")
    t.equal(suite.get("failures"), "0", "failures")


@test
def outcome_of_an_orphan_in_virtual_time(t):
    """Experiment 14: closed with data that is never taken; no FIN, no RST."""
    profile = t.profile("""
        summary: never reads
        extends: zero-window-blackhole
        expect: [{outcome: timed-out}, {never: [receive fin, receive rst]}]
    """)
    run = warp(t, profile, t.probe("connect", "nonblock", "fill", "close", "sleep=10m"))
    t.equal(run.verdict.expectations[0]["pass"], True, "the outcome")


@test
def reports_of_two_kernels(t):
    guest(t, "6.1")
    guest(t)
    profile = t.profile("{summary: x, extends: healthy, expect: [{outcome: closed}]}")
    run = t.run(profile, t.probe("connect", "send=5", "close"), outputs=False,
                options=["--warp=6.1,6.12", "--junit", t.path("out.xml"),
                         "--tap", t.path("out.tap")])
    t.equal(run.status, 0, "exit status")
    for series in ("6.1", "6.12"):
        suite = xml.parse(t.path(f"out-{series}.xml")).getroot().find("testsuite")
        t.contains(suite.get("name"), f"on Linux {series}.", "the name of the test suite")
        with open(t.path(f"out-{series}.tap"), encoding="utf-8") as file:
            t.contains(file.read(), "ok 1 - ", "the TAP report")


# Reports ----------------------------------------------------------------------------------------


@test
def junit_and_tap(t):
    profile = t.profile("""
        summary: "<x> & \\"y\\""
        rules:
          - {on: receive data, do: drop}
          - {on: receive rst, do: drop, optional: true}
        expect:
          - {see: "receive data"}
          - {never: receive syn}
    """, "a & b <c>.yaml")
    run = t.run(profile, t.probe("connect", "send=5", "sleep=50ms", "close"),
                options=["--junit", t.path("junit.xml"), "--tap", t.path("out.tap")])
    t.equal(run.status, 123, "exit status")
    root = xml.parse(t.path("junit.xml")).getroot()
    t.equal((root.tag, root.get("tests"), root.get("failures")), ("testsuites", "5", "1"))
    suite = root.find("testsuite")
    t.contains(suite.get("name"), "a & b <c>.yaml", "the name of the test suite")
    names = [case.get("name") for case in suite.findall("testcase")]
    t.equal(names, ["fires on: receive data (line 3)", "see: receive data (line 6)",
                    "never: receive syn (line 7)"], "test cases")
    failure = suite.findall("testcase")[2].find("failure")
    t.contains(failure.get("message"), "expected `receive syn` never, but saw it once")
    t.contains(failure.text, "->", "the conversation")
    with open(t.path("out.tap"), encoding="utf-8") as file:
        tap = file.read().splitlines()
    t.equal(tap[:2], ["TAP version 14", "1..5"], "the head")
    t.equal([line.split(" - ")[0] for line in tap if " - " in line and line[0] != " "],
            ["ok 1", "ok 2", "not ok 3", "ok 4", "ok 5"], "results")


@test
def tap_on_standard_output(t):
    run = t.run("refuse", ["sh", "-c", "echo from the program"],
                options=["--tap", "-", "--junit", t.path("no/such/folder")])
    t.equal(run.status, 125, "exit status")
    t.contains(run.errors, "The JUnit report cannot be written to", "the message")
    t.check(not os.path.exists(t.path("no")), "a folder was made")
    run = t.run("healthy", ["sh", "-c", "echo from the program"], options=["--tap", "-"])
    t.equal(run.status, 0, "exit status")
    t.equal(run.text.splitlines()[:3], ["from the program", "TAP version 14", "1..2"], "output")
