"""Too slow, too many, too much: never-accepts, endless-response. See also silly-window,
slow-reader (test_window), drip-response, slow-banner (test_data), connection-limit, overloaded
(test_retry)."""

from harness import HOST, test

URL = f"http://{HOST}:8080/"


@test
def never_accepts(t):
    run = t.passed(t.run("never-accepts", t.probe("sndbuf=16KiB", "connect", "send=100",
                                                  "poll=in,300ms", *["fill", "sleep=100ms"] * 5,
                                                  "sleep=500ms", "queues", "so_error")))
    t.result(run.call("poll"), 0)
    t.errno(run.call("fill", -1), "EAGAIN")
    t.check(run.call("queues").send_q > 0, "bytes that wait")
    t.equal(run.call("SO_ERROR").error, "0", "the socket's error")
    t.check(run.sent(win=0) and run.received("window-probe"), "a closed window, and probes of it")
    t.equal((run.sent("data"), run.sent("window-update")), ([], []), "data and window updates")


@test
def never_accepts_and_small_requests(t):
    run = t.passed(t.run("never-accepts", t.probe("connect", "send=100", "poll=in,1s", "queues")))
    t.result(run.call("poll"), 0)
    t.equal(run.call("queues").send_q, 0, "the request is acknowledged all the same")


@test
def endless_response(t):
    t.need("curl")
    run = t.passed(t.run("endless-response", ["curl", "-sS", "--max-time", "1", "-o", "/dev/null",
                                              "-w", "%{size_download}", URL], outputs=True,
                         options=["--max-buffer", "64KiB"]), status=28)
    t.check(int(run.text) > 1_000_000, f"{run.text} bytes in a second")


@test
def endless_response_and_a_limit(t):
    t.need("curl")
    run = t.passed(t.run("endless-response", ["sh", "-c", f"curl -sS {URL} | head -c 100000 | wc -c"]))
    t.equal(int(run.text), 100000, "bytes")
