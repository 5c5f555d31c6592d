"""What counts as fired, and in which order what is said leaves."""

from harness import HOST, test

URL = f"http://{HOST}:8080/"


def failed(t, run):
    """The run, whose fault never happened."""
    t.equal(run.status, 123, "the exit status")
    t.check(run.verdict["pass"] is False, "the verdict has to be bad")
    return run


@test
def due_after_the_connection_has_ended(t):
    # curl is done after some milliseconds; what is due a second later meets nobody.
    t.need("curl")
    for action in ("reset", "{say: late}", "blackhole", "stop-reading", "close",
                   "{send: {flags: R}}"):
        profile = t.profile(f"""
            summary: Acts a second after the handshake.
            extends: healthy
            rules: [{{on: enter established, after: 1s, do: {action}}}]
        """)
        run = failed(t, t.run(profile, ["sh", "-c", f"curl -sS {URL} && sleep 1.2"]))
        t.contains(run.errors, "was due at ", f"the verdict on {action}")
        t.contains(run.errors, "; the connection ended at ", f"the verdict on {action}")
        t.equal(run.sent("rst"), [], f"RSTs of {action}")
        t.check(all(s.t < 1 for s in run.sent()), f"nothing leaves for {action}")


@test
def due_after_the_run_has_ended(t):
    profile = t.profile("""
        summary: Acts when nobody looks any more.
        rules:
          - {on: enter established, after: 60s, do: reset}
          - {on: enter established, after: 100ms, do: finish}
    """)
    run = failed(t, t.run(profile, t.probe("connect", "sleep=20s")))
    t.contains(run.errors, "; the run ended at ", "the verdict")
    # Where the connection ended first, a longer run would have seen no more.
    run = failed(t, t.run(profile, t.probe("connect", "close", "sleep=50ms")))
    t.contains(run.errors, "; the connection ended at ", "the verdict")


@test
def idle_and_command_in_time_wait(t):
    profile = t.profile("""
        summary: Answers, closes, and has rules for an open connection.
        service: {respond: {text: "hi\\n", then: close}}
        rules:
          - {on: idle 500ms, do: blackhole}
          - {on: command cut, do: blackhole}
    """)
    run = failed(t, t.run(profile, ["sh", "-c", f"echo x | nc -N {HOST} 8080; sleep 1.5"],
                         options=["--fire", "cut@1s"]))
    t.contains(run.errors, "`idle 500ms` never came up", "the verdict")
    t.contains(run.errors, "`command cut` was fired at 1.0", "the verdict")
    t.contains(run.errors, "when no connection was open", "the verdict")


@test
def data_then_reset(t):
    # The reference's own example: the program reads what was said, and then the error.
    profile = t.profile("""
        summary: Half an answer, and RST behind it.
        rules:
          - on: enter established
            after: 100ms
            do: [{say: "HTTP/1.1 200 OK\\r\\nContent-Length: 100\\r\\n\\r\\nhalf"}, reset]
    """)
    run = t.passed(t.run(profile, t.probe("connect", "poll=in,2s", "sleep=100ms", "recv", "recv")))
    # What the program's ACK of the data meets is a closed port.
    t.equal([s.reason for s in run.sent()][:3], ["syn-ack", "data", "rst"], "what left")
    data, rst = run.sent("data")[0], run.sent("rst")[0]
    t.equal(rst.seq, data.seq + data.len, "the RST's number")
    t.result(run.call("recv", 0), 44)
    t.errno(run.call("recv", 1), "ECONNRESET")


@test
def close_on_data(t):
    profile = t.profile("""
        summary: Closes when data comes, and so refuses it.
        rules: [{on: receive data, first: 1, do: [{say: bye}, close]}]
    """)
    run = t.passed(t.run(profile, t.probe("connect", "send=10", "sleep=100ms", "send=1")))
    t.equal([s.reason for s in run.sent()][:4], ["syn-ack", "data", "fin", "rst"], "what left")
    t.equal({s.ack for s in run.sent() if s.reason in ("data", "fin")}, {1}, "what is acknowledged")
    t.errno(run.call("send", 1), "EPIPE")


@test
def client_resets_after_the_handshake(t):
    profile = t.profile("""
        summary: Completes the handshake, then resets.
        role: client
        rules: [{on: enter established, do: reset}]
    """)
    run = t.passed(t.run(profile, t.python("""
        import socket
        s = socket.create_server(("", 8080)).accept()[0]
        try:
            print(s.recv(1))
        except ConnectionResetError:
            print("reset")
    """), options=["--port", "8080"]))
    t.equal(run.text.strip(), "reset", "what the server saw")
    t.equal([s.reason for s in run.sent()], ["syn", "handshake-ack", "rst"], "what left")


@test
def say_in_segments_of_its_own(t):
    profile = t.profile("""
        summary: Four words in three segments.
        rules:
          - on: enter established
            after: 100ms
            do: [{say: {text: "a", push: false}}, {say: "b"}, {say: "c"}]
          - {on: enter established, after: 200ms, do: {say: {text: abcdefg, pieces: 3}}}
    """)
    run = t.passed(t.run(profile, t.probe("connect", "sleep=500ms", "recv")))
    lengths = {s.seq: s.len for s in run.sent("data")}  # one sent again, as a tail loss probe, counts once
    t.equal(list(lengths.values()), [2, 1, 3, 3, 1], "payload of the segments")
    t.result(run.call("recv"), 10)


@test
def counts_across_rules(t):
    # The third segment is the third, whatever became of the first two.
    profile = t.profile("""
        summary: Loses the first two data segments, and then the third.
        rules:
          - {on: receive data, nth: 1..2, do: drop}
          - {on: receive data, nth: 3, do: drop}
    """)
    run = t.passed(t.run(profile, t.probe("connect", "send=10", "sleep=2s", "queues")))
    fates = [s.fate for s in run.received("data")]
    t.equal(fates[:4], ["dropped", "dropped", "dropped", "accepted"], "what became of the data")
    t.equal(run.call("queues").send_q, 0, "the send queue")


@test
def data_with_fin(t):
    # A corked last write leaves with the FIN: one segment, which is data, too.
    profile = t.profile("""
        summary: Drops data, once.
        rules: [{on: receive data, first: 1, do: drop}]
    """)
    run = t.passed(t.run(profile, t.python(f"""
        import socket
        s = socket.create_connection(("{HOST}", 8080))
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
        s.send(b"the end")
        s.shutdown(socket.SHUT_WR)
        print(s.recv(1))
    """)))
    first = run.received("fin")[0]
    t.equal((first.len, first.fate), (7, "dropped"), "the FIN with data")
    t.equal(run.text.strip(), "b''", "what the program read")


@test
def probes_after_forget(t):
    profile = t.profile("""
        summary: Forgets the connection, and never answers a probe.
        rules:
          - {on: receive data, do: forget}
          - {on: receive keepalive-probe, do: drop}
    """)
    run = t.passed(t.run(profile, t.probe("keepalive=1,1,2", "connect", "sleep=1500ms", "send=1",
                                          "sleep=50ms")))
    t.check(run.received("keepalive-probe"), "probes")


@test
def finish_judges_what_was_answered(t):
    # The same verdict, near and far.
    profile = t.profile("""
        summary: Resets by a segment, and ends the run.
        rules:
          - {on: received 1, do: [{send: {flags: S}}, finish]}
        expect: [{see: receive ack, within: 1s of received 1}]
    """)
    for options in ([], ["--rtt", "1ms"], ["--rtt", "30ms"]):
        run = t.run(profile, t.probe("connect", "send=1", "sleep=5s"), options=options)
        t.check(run.verdict["pass"] is True, f"the verdict with {options}")
