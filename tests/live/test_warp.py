"""Virtual time (--warp): hours in a second, other kernels, and the same answer every time. The
published experiments are in test_warp_experiments.py."""

import json
import os

from harness import PEER, since, test
from warp_support import guest, warp

# Without it the first retransmission may be a tail loss probe (RFC 8985), which does not back off.
NO_PROBE = {"net.ipv4.tcp_early_retrans": 0}


@test
def idle_by_default(t):
    # Two hours, eleven minutes and fifteen seconds.
    kernel = guest(t)
    values = [kernel.number(f"tcp_keepalive_{name}") for name in ("time", "intvl", "probes")]
    t.equal(values, [7200, 75, 9], "the guest's defaults")
    code = f"""
        import socket, time
        s = socket.create_connection(("{PEER}", 8080))
        s.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        started = time.monotonic()
        try:
            s.recv(1)
        except OSError as e:
            print(e.errno, time.monotonic() - started)
    """
    run = t.passed(warp(t, "keepalive-blackhole", t.python(code)))
    probes_at, end = kernel.keepalive(*values)
    number, took = run.text.split()
    t.equal(int(number), 110, "errno (ETIMEDOUT is 110)")
    t.near(float(took), end, "the time until ETIMEDOUT")
    t.near_all(since(run.received("keepalive-probe"), run.received("ack")[0]), probes_at, "probes")
    t.soon(run, 20, "in real time it took")


@test
def two_kernels_side_by_side(t):
    guest(t, "6.1")
    run = t.run("syn-blackhole", t.probe("connect"), outputs=False,
                options=["-q", "--warp=6.1,6.12", "--events", t.path("both.jsonl")])
    t.equal(run.status, 0, "exit status")
    table = run.errors.split("-- side by side\n")[1].splitlines()
    t.equal([x for x in table[0].split() if x[0] == "6"][0][:4], "6.1.", "the first column")
    counts = [int(x) for x in table[4].split()[1:]]
    for series, count in zip(("6.1", "6.12"), counts):
        times, _ = guest(t, series).syns()
        t.equal(count, len(times), f"SYNs of {series}")
        t.check(os.path.getsize(t.path(f"both-{series}.jsonl")), "each has its own event stream")
    # 0 and 1 s are the same; then 3 s and 2 s.
    t.equal([x.startswith("  *") for x in table[5:8]], [False, False, True], "marks")
    both = t.run("healthy", ["cat"], options=["-q", "--warp=6.1,6.12"], outputs=False,
                 stdin=b"again\n")
    t.equal(both.text, "again\nagain\n", "each gets the whole of standard input")


@test
def kernels_are_a_dimension_of_a_survey(t):
    ends = {series: guest(t, series).syns()[1] for series in ("6.1", "6.12")}
    run = t.ghostpeer("survey", "-q", "-o", "out", "--warp=6.1,6.12", "--fail-on", "none", "--json",
                      "all.json", "syn-blackhole", "refuse", "--", "nc", "-z", PEER, "80",
                      cwd=t.folder)
    t.equal(run.status, 0, f"exit status ({run.text}{run.errors})")
    with open(t.path("all.json"), encoding="utf-8") as file:
        runs = {(one["fault"], one["position"]): one for one in json.load(file)["runs"]}
    t.equal(len(runs), 4, "runs: each profile on each kernel")
    for series, end in ends.items():
        t.near(runs["syn-blackhole", f"Linux {series}"]["seconds"], end,
               f"when Linux {series} gave up")
        t.equal(runs["refuse", f"Linux {series}"]["outcome"], "error", "a refusal")
    t.contains(run.text, "syn-blackhole  1..2  slow", "the table")


# The same every time ------------------------------------------------------------------------


@test
def ten_runs_are_the_same(t):
    def stream():
        run = t.passed(warp(t, "silent-after-handshake", t.probe("connect", "send=100", "recv"),
                            "--seed", "7"))
        return [(round(e.t, 3), e.event, e.kind or e.reason, e.len, e.window, e.fate)
                for e in run.records if e.event in ("segment", "state", "attempt", "exit")]
    first = stream()
    for n in range(2, 11):
        t.equal(stream(), first, f"run {n}")


@test
def native_and_virtual_are_the_same(t):
    """What is short enough for both: the same segments in the same order, each at its time."""
    steps = t.probe("connect", "info", "send=100", "until=2500ms", "linger0", "close")
    native = t.passed(t.run("silent-after-handshake", steps, sysctls=NO_PROBE))
    virtual = t.passed(warp(t, "silent-after-handshake", steps, sysctls=NO_PROBE))

    def shape(run):
        return [(s.dir, s.kind or s.reason, s.len, s.fate) for s in run.segments()]
    t.equal(shape(virtual), shape(native), "segments")
    for run in (native, virtual):
        data = run.received("data")
        t.near_all(since(data, data[0]), t.kernel.data(len(data) - 1, run.rto), "transmissions")


@test
def another_round_trip(t):
    run = t.passed(warp(t, "healthy", t.probe("connect", "info", "close"), "--rtt", "100ms"))
    t.near(run.call("connect").took, 0.1, "connect()")
    syn_ack = run.sent("syn-ack")[0]
    t.near(syn_ack.t - run.received("syn")[0].t, 0.1, "the SYN-ACK")


@test
def what_is_on_its_way_is_judged_in_virtual_time_too(t):
    # As finish_judges_what_was_answered: `finish` waits for the answer to what has left.
    profile = t.profile("""
        summary: Asks for an ACK by a segment of its own, and ends the run.
        rules:
          - {on: received 1, do: [{send: {flags: S}}, finish]}
        expect: [{see: receive ack, within: 1s of received 1}]
    """)
    for options in ([], ["--rtt", "30ms"]):
        run = warp(t, profile, t.probe("connect", "send=1", "sleep=5s"), *options)
        t.equal((run.status, run.verdict["pass"]), (0, True), f"status and verdict with {options}")


@test
def events_on_standard_output(t):
    run = warp(t, "refuse", ["sh", "-c", f"echo mine; nc -z {PEER} 80"], "--events", "-",
               outputs=False)
    events = [json.loads(line) for line in run.text.splitlines()]
    t.equal((events[0]["event"], events[-1]["event"]), ("run", "verdict"), "the first and the last")
    t.check("mine" in run.errors, f"standard error is {run.errors}")
