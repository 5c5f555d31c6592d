"""Windows that close, shrink and open: zero-window, zero-window-blackhole,
window-probe-blackhole, shrinking-window, slow-reader."""

from harness import HOST, since, test
from schedule import kernel_version

URL = f"http://{HOST}:8080/"
NO_PROBE = {"net.ipv4.tcp_early_retrans": 0}


def written(run, index=0):
    """When data was first written, in the event stream's time; the handshake is the link
    between the program's clock and the run's."""
    return run.received("ack")[0].t + run.call("send", index).t - (
        run.call("connect").t + run.call("connect").took)


@test
def zero_window_probes_back_off(t):
    run = t.passed(t.run("zero-window", t.probe("connect", "info", "send=10", "sleep=4500ms", "info",
                                                "queues", "linger0", "close")))
    t.equal(run.sent("syn-ack")[0].window, 0, "the window in the SYN-ACK")
    probes = run.received("window-probe")
    t.near_all(since(probes, written(run)), t.kernel.persist(4, run.rto), "window probes")
    t.equal({s.fate for s in probes}, {"accepted"}, "fates of the probes")
    replies = run.sent("window-probe-reply")
    # As Linux, the peer answers segments without data that it cannot accept once in 500 ms
    # (net.ipv4.tcp_invalid_ratelimit): not the second probe.
    t.equal(len(replies), 3 if probes[1].t - probes[0].t < 0.5 else 4, "answers")
    t.equal({s.window for s in replies}, {0}, "windows in the answers")
    info = run.call("TCP_INFO", -1)
    # An answer sets the count of probes back, not the back-off (tcp_ack_probe()).
    t.equal((info.state, info.probes, info.backoff), ("ESTABLISHED", 0, 4), "TCP_INFO")
    t.equal(run.call("queues").send_q, 10, "the send queue")
    t.equal(run.received("data"), [], "data on the wire")


@test
def zero_window_outlives_retries(t):
    # Answered probes keep the connection alive whatever tcp_retries2 says.
    run = t.passed(t.run("zero-window", t.probe("connect", "info", "send=10", "poll=in,5s", "info",
                                                "linger0", "close"),
                         sysctls={"net.ipv4.tcp_retries2": 2}))
    t.result(run.call("poll"), 0)
    t.equal(run.call("TCP_INFO", -1).state, "ESTABLISHED", "state")
    t.check(len(run.received("window-probe")) > 3, "more window probes than tcp_retries2")


@test
def zero_window_after_the_buffer_is_full(t):
    run = t.passed(t.run("zero-window", t.probe("sndbuf=16KiB", "connect", "fill", "sleep=1s",
                                                "fill", "queues", "info", "linger0", "close"),
                         sets={"window": "8KiB"}))
    t.errno(run.call("fill", 0), "EAGAIN")
    arrived = max(s.seq + s.len for s in run.received("data", fate="accepted")) - 1
    t.check(arrived <= 8192, f"{arrived} bytes arrived in a window of 8192")
    t.equal(run.call("TCP_INFO", -1).bytes_acked, arrived + 1, "bytes that the kernel knows acknowledged")
    t.check(run.received("window-probe"), "window probes have to come")
    t.check(run.events("log"), "the profile's log line has to come")


@test
def zero_window_curl(t):
    t.need("curl")
    run = t.passed(t.run("zero-window", ["curl", "-sS", "--max-time", "1.2", URL]), status=28)
    t.check(len(run.received("window-probe")) >= 2, "window probes have to come")


@test
def zero_window_user_timeout(t):
    for profile in ("zero-window", "zero-window-blackhole"):
        run = t.passed(t.run(profile, t.probe("user_timeout=1s", "connect", "info", "send=10", "recv")))
        t.errno(run.call("recv"), "ETIMEDOUT")
        t.near(run.call("recv").took, t.kernel.user_timeout(1.0, run.rto), f"recv() with {profile}")
        t.near_all(since(run.received("window-probe"), written(run)), t.kernel.persist(2, run.rto),
                   "window probes")


@test
def zero_window_blackhole_gives_up(t):
    run = t.passed(t.run("zero-window-blackhole", t.probe("connect", "info", "send=10", "recv", "recv"),
                         sysctls={"net.ipv4.tcp_retries2": 3}))
    t.errno(run.call("recv", 0), "ETIMEDOUT")
    t.result(run.call("recv", 1), 0)
    probes = run.received("window-probe")
    times = t.kernel.persist(3 + 1, run.rto)
    t.near_all(since(probes, written(run)), times[:-1], "window probes")
    t.near(run.call("recv", 0).took, times[-1], "the time until ETIMEDOUT")
    t.equal({(s.fate, s.rule_name) for s in probes}, {("dropped", "zero-window-blackhole")}, "fates")
    t.equal(run.received(["fin", "rst"]), [], "it goes without FIN or RST")


@test
def window_probe_blackhole(t):
    run = t.passed(t.run("window-probe-blackhole",
                         t.probe("connect", "info", "send=10", "sleep=2200ms", "info", "linger0", "close")))
    probes = run.received("window-probe")
    t.near_all(since(probes, written(run)), t.kernel.persist(3, run.rto), "window probes")
    t.equal({(s.fate, s.rule_name) for s in probes}, {("dropped", "window-probe-blackhole")}, "fates")
    t.equal(run.sent("window-probe-reply"), [], "answers")
    t.equal(run.call("TCP_INFO", -1).probes, 3, "unanswered probes")
    t.equal(run.received("rst", fate="accepted")[-1].fate, "accepted", "the peer is alive")


@test
def window_probe_blackhole_gives_up(t):
    run = t.passed(t.run("window-probe-blackhole", t.probe("connect", "info", "send=10", "recv"),
                         sysctls={"net.ipv4.tcp_retries2": 2}))
    t.errno(run.call("recv"), "ETIMEDOUT")
    times = t.kernel.persist(2 + 1, run.rto)
    t.near_all(since(run.received("window-probe"), written(run)), times[:-1], "window probes")
    t.near(run.call("recv").took, times[-1], "the time until ETIMEDOUT")


@test
def shrinking_window_takes_back(t):
    run = t.passed(t.run("shrinking-window",
                         t.probe("nodelay", "connect", "info", "send=10", "sleep=50ms", "send-all=1000",
                                 "sleep=1s", "info", "queues", "linger0", "close")))
    acks = [s for s in run.sent() if s.ack == 11]
    t.check(acks, "the first data has to be acknowledged")
    t.equal(acks[-1].window, 100, "the window after the first data")
    syn_ack = run.sent("syn-ack")[0]
    t.check(acks[-1].ack + acks[-1].window < 1 + syn_ack.window, "the right edge has to go back")
    # tcp_may_update_window(): a window that shrinks without new data acknowledged is ignored, so
    # the next segment runs over the edge; the peer takes what fits. Where both acknowledgements
    # wait for a socket that its program holds, the kernel makes one of them (tcp_add_to_backlog():
    # the later window with the new acknowledgement), and the edge is honoured at once.
    data = [s for s in run.received("data") if s.seq > 10]
    first, pieces = data[0], data[1:]
    if first.len == 1000:
        t.equal(first.seq, 11, "where the segment that runs over the edge begins")
        t.equal([s.ack for s in run.sent("ack")][:2], [11, 111], "acknowledgements")
        t.near(pieces[0].t - first.t, run.rto, "the first retransmission")
    else:
        pieces = data
    t.check(pieces and all(s.len <= 100 for s in pieces), f"pieces {[s.len for s in pieces]}")


@test
def shrinking_window_opens_again(t):
    run = t.passed(t.run("shrinking-window",
                         t.probe("nodelay", "connect", "info", "send=10", "sleep=50ms", "send-all=20KiB",
                                 "sleep=2500ms", "queues", "close"), sets={"restore": "1s"}))
    t.equal(run.call("queues").send_q, 0, "the send queue")
    t.equal([e.action for e in run.events("rule")], ["window", "window"], "actions")
    end = max(s.seq + s.len for s in run.received("data", fate="accepted"))
    t.equal(end - 1, 10 + 20 * 1024, "bytes that arrived")


@test
def shrinking_window_with_data_in_flight(t):
    # What is in flight beyond the new edge is thrown away and comes again.
    run = t.passed(t.run("shrinking-window",
                         t.probe("nodelay", "connect", "send-all=30KiB", "sleep=3s", "queues",
                                 "close"), sets={"restore": "500ms", "window": 500}))
    t.equal(run.call("queues").send_q, 0, "the send queue")
    t.check(500 in {s.window for s in run.sent("ack")}, "the window has to shrink")
    t.check(run.received("data", retransmission=True), "what was thrown away has to come again")


@test
def slow_reader_slows_the_writer(t):
    # 40 KiB at 20 KiB/s; 4 KiB fit the peer's buffer, the rest waits in a small send buffer.
    run = t.passed(t.run("slow-reader",
                         t.probe("sndbuf=4KiB", "connect", "send-all=40KiB", "shutdown", "recv"),
                         sets={"rate": "20KiB/s", "window": "4KiB"}))
    t.result(run.call("send-all"), 40 * 1024)
    took = run.call("recv").t + run.call("recv").took - run.call("send-all").t
    # The last byte and the FIN are noticed when all before has been read.
    t.check(1.5 <= took <= 3.5, f"40 KiB at 20 KiB/s took {took:.3f} s")
    t.check(run.call("send-all").took > 0.8, f"writing took {run.call('send-all').took:.3f} s")
    windows = [s.window for s in run.sent() if s.reason != "syn-ack"]
    t.check(min(windows) < 1460 and max(windows) > 1460, f"windows {sorted(set(windows))}")


@test
def slow_reader_never_fails_the_connection(t):
    run = t.passed(t.run("slow-reader",
                         t.probe("connect", "send-all=20KiB", "poll=in,1s", "info", "queues",
                                 "linger0", "close"), sets={"rate": "1KiB/s"}))
    t.equal(run.call("TCP_INFO", -1).state, "ESTABLISHED", "state")
    t.check(run.call("queues").send_q > 5000, "data has to be left in the send queue")


@test
def silly_window_below_the_smallest_segment(t):
    run = t.passed(t.run("silly-window", t.probe("connect", "send=45", "sleep=1500ms", "queues")))
    data = run.received("data")
    sizes = [s.len for s in data]
    t.check(sum(sizes) == 45 and max(sizes) == 10, f"sizes of the segments are {sizes}")
    gaps = [b.t - a.t for a, b in zip(data[:4], data[1:4])]
    t.near_all(gaps, [0.2] * 3, "gaps: the persist timer fills the window")
    t.equal(run.call("queues").send_q, 0, "the send queue")


@test
def silly_window_of_one_small_segment(t):
    run = t.passed(t.run("silly-window", t.probe("connect", "send=145", "sleep=100ms", "info",
                                                 "queues"), sets={"window": 40}))
    t.equal({s.len for s in run.received("data")[:-1]}, {40}, "sizes of the segments")
    t.equal(run.call("queues").send_q, 0, "the send queue without any wait")


@test
def window_update_lost(t):
    run = t.passed(t.run("window-update-lost", t.probe("connect", "send=10", "sleep=100ms",
                                                       "send=1000", "sleep=2500ms", "queues")))
    updates = run.sent("window-update")
    t.equal({s.fate for s in updates}, {"dropped"}, "fates of the window updates")
    taken = [s for s in run.received("data", fate="accepted") if s.t > updates[-1].t]
    t.check(taken, "data after the window has opened")
    waiting = run.received("data")[1]
    # What was sent before the program knew that the window is closed comes again like lost data.
    t.near(taken[0].t - waiting.t, t.kernel.data(4, 0.2, tail_loss_probe=True)[-1],
           "the segment that finds the window open")
    t.equal(run.call("queues").send_q, 0, "the send queue")


@test
def stalled_reader(t):
    run = t.passed(t.run("stalled-reader", t.probe("sndbuf=16KiB", "connect", "send-all=100000",
                                                   "info"), sets={"pause": "800ms"}))
    t.result(run.call("send-all"), 100000)
    t.check(0.7 < run.call("send-all").took < 2.5, "the write has to take as long as the stall")
    t.check(run.sent("ack", window=0) or run.sent(win=0), "a closed window")
    t.check(run.sent("window-update"), "a window update")
    t.equal(run.call("TCP_INFO").state, "ESTABLISHED", "state")


@test
def fin_into_full_window(t):
    run = t.passed(t.run("fin-into-full-window", t.probe("rcvbuf=4KiB", "connect", "sleep=1s",
                                                         "queues", "recv=1MiB", "recv=1MiB")))
    full = run.call("queues").recv_q
    t.check(run.received("ack", win=0), "the program's window has to close")
    fin = run.sent("fin")[0]
    t.equal(fin.seq, 1 + full, "the FIN's number: right behind what the program holds")
    t.result(run.call("recv", 0), full)
    if kernel_version() >= (6, 12):
        t.result(run.call("recv", 1), 0)
        t.check([s for s in run.received("ack") if s.ack == fin.seq + 1], "an ACK of the FIN")
