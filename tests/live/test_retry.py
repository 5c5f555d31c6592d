"""Different from one connection to the next, or from one second to the next: flapping,
flapping-service, overloaded, dies-after, silent-then-works, connection-limit."""

from harness import HOST, since, test

URL = f"http://{HOST}:8080/"


def outcomes(t, profile, count, **more):
    """What curl's exit statuses are, one connection after the other."""
    t.need("curl")
    run = t.run(profile, ["sh", "-c", f"""
        for n in $(seq {count}); do curl -sS -o /dev/null {URL} 2>/dev/null; echo $?; sleep 0.05; done
        """], **more)
    return t.passed(run), [int(word) for word in run.text.split()]


@test
def flapping_service(t):
    _, statuses = outcomes(t, "flapping-service", 5)
    t.equal(statuses, [0, 7, 0, 7, 0], "curl's exit statuses")


@test
def flapping_service_and_a_retry(t):
    t.need("curl")
    one = ["curl", "-sS", "--retry", "1", "--retry-connrefused", URL]
    run = t.passed(t.run("flapping-service", ["sh", "-c", '"$@" && "$@"', "sh", *one]))
    t.equal(run.text, "ok\nok\n", "bodies")
    attempts = run.events("attempt")
    t.near(attempts[2].since_last, 1.0, "curl's first wait before a retry")


@test
def overloaded(t):
    run, statuses = outcomes(t, "overloaded", 7)
    t.equal([s != 0 for s in statuses], [False, False, True, False, False, True, False],
            "whether curl failed")
    t.check(set(statuses) <= {0, 7, 52, 55, 56}, f"curl's exit statuses are {statuses}")


@test
def dies_after(t):
    _, statuses = outcomes(t, "dies-after", 5, sets={"times": 2})
    t.equal(statuses, [0, 0, 7, 7, 7], "curl's exit statuses")


@test
def silent_then_works(t):
    t.need("curl")
    run = t.passed(t.run("silent-then-works", ["curl", "-sS", "--connect-timeout", "1.5", "--retry",
                                               "2", "--retry-delay", "1", URL]))
    t.equal(run.text, "ok\n", "body")
    first, second = run.events("attempt")
    t.near(second.since_last, 2.5, "the time between the attempts")
    syns = [s for s in run.received("syn") if s.attempt == 1]
    t.near_all(since(syns, syns[0]), [0, 1], "SYNs of the first attempt")


@test
def connection_limit(t):
    run = t.passed(t.run("connection-limit", t.probe(
        "connect", "socket", "connect", "socket", "connect", "sleep=200ms", "so_error")))
    t.equal([c.result for c in run.calls("connect")], [0, 0, 0], "connect()")
    t.equal(run.call("SO_ERROR").error, "ECONNRESET", "the third connection")
    t.equal([s.conn for s in run.sent("rst")], [3], "connections that were reset")


@test
def flapping(t):
    run = t.passed(t.run("flapping", t.probe("nodelay", "connect", "loop-send=10,100ms,30",
                                             "sleep=500ms", "queues", "so_error")))
    start = run.received("syn")[0].t
    lost = [s.t - start for s in run.segments(fate="dropped")]
    t.check(all(0.5 <= x <= 1.001 or 2 <= x <= 2.501 for x in lost), f"segments were lost at {lost}")
    t.check(min(lost) < 1.001 and max(lost) > 2, "both gaps")
    t.equal(sum(s.len for s in run.received("data", fate="accepted", retransmission=None)) > 0,
            True, "data that arrived")
    t.equal((run.call("queues").send_q, run.call("SO_ERROR").error), (0, "0"), "queue and error")
