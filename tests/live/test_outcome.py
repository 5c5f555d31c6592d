"""How the program's side of connections ended, as expectations and the verdict's table tell it."""

import re

from harness import HOST, test
from test_expect import URL, failed


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


def row(run, connection=1):
    """The line of a connection in the verdict's table."""
    lines = [line for line in run.trace.splitlines() if line.startswith(f"  #{connection} attempt")]
    return lines[0] if len(lines) == 1 else ""


def lasted(run):
    """Seconds."""
    number, unit = re.findall(r"([0-9.]+) (s|ms)\b", row(run))[-1]
    return float(number) / (1 if unit == "s" else 1000)


def waited(t, run, seconds):
    """It lasted as long as the program had waited. The program's clock began a little before the
    SYN arrived; a busy machine is late, but by less than the next timer of the SYN."""
    t.check(-0.1 <= lasted(run) - seconds < 0.7,
            f"it lasted {lasted(run)} s, expected {seconds} s")


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
        waited(t, run, float(wait))


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
        waited(t, run, float(wait))


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


# The verdict's table --------------------------------------------------------------------------------


@test
def table_of_a_connect_that_the_program_gave_up(t):
    """Also without an expectation: until then, not until the last SYN."""
    run = t.run("syn-blackhole", t.probe("nonblock", "connect", "sleep=500ms", "close"))
    t.contains(row(run), "closed by the program, never answered")
    # The first SYN that comes again does so after 1 s, the last one after more than a minute.
    t.check(0.4 <= lasted(run) < 1.5, f"it lasted {lasted(run)} s, expected 0.4 to 1.5 s")


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
