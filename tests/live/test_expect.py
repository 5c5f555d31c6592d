"""Expectations: what real programs are seen to do, and how a run tells what they did not.

Tolerances are wider than the default where a busy machine could make a program late: here it is
the checks that are tested, not the machine."""

import os
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
    t.equal(run.text.splitlines()[:4], ["from the program", "", "TAP version 14", "1..2"], "output")
