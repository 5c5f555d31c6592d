"""The peer is the client: programs that listen, and what becomes of their connections."""

import os
import shutil

from harness import PEER, PYTHON, since, test
from lan_support import Segment, stop

PORT = 8080
PROGRAM = "198.18.0.1"
REQUEST = "GET / HTTP/1.0\r\n\r\n"


def serve(t, *steps, address="0.0.0.0"):
    """The probe as a server that listens on PORT."""
    return t.probe("bind", *steps, address=address, port=PORT)


def dialled(t, profile, command, *options, **more):
    return t.run(profile, command, options=["--port", str(PORT), *options], **more)


def sockets(run, state):
    """Events of the kernel's view of the server's end, in that state."""
    return run.events("socket", state=state)


@test
def what_is_not_inherited_is_told(t):
    profile = t.profile("""
        summary: A client that was an echo.
        extends: ./echo.yaml
        role: client
        rules:
          - {on: enter established, do: [{say: "hello\\n"}, {finish: all}]}
        """)
    t.profile("""
        summary: An echo.
        service: echo
        """, name="echo.yaml")
    run = t.passed(dialled(t, profile, ["nc", "-l", str(PORT)]))
    t.contains(run.trace, "does not inherit the service of", "the trace")
    t.contains(t.ghostpeer("check", profile).text, "does not inherit the service of", "check")


# Ordinary connections, ordinary programs ---------------------------------------------------------


@test
def nc(t):
    t.need("nc")
    run = t.passed(dialled(t, "healthy-client", ["nc", "-l", str(PORT)], stdin=b"an answer\n",
                           sets={"text": "hello"}))
    t.equal(run.text, "hello", "what nc read")
    t.equal([s.reason for s in run.sent()][:3], ["syn", "handshake-ack", "data"], "what left")
    t.equal(sum(s.len for s in run.received()), 10, "bytes of the answer")
    attempt = run.events("attempt")[0]
    t.equal(attempt.dst, f"{PROGRAM}:{PORT}", "the address that the peer dialled")
    t.check(attempt.src.startswith(f"{PEER}:"), f"the peer's address is {attempt.src}")


@test
def http_server_of_python(t):
    page = t.write("page.txt", "a page\n")
    run = t.passed(dialled(
        t, "healthy-client",
        [PYTHON, "-m", "http.server", str(PORT), "--directory", os.path.dirname(page)],
        sets={"text": "GET /page.txt HTTP/1.0\r\n\r\n"}))
    t.check(sum(s.len for s in run.received()) > len("a page\n"), "an answer has to come")
    t.contains(run.errors, '"GET /page.txt HTTP/1.0" 200', "the server's log")


@test
def nginx(t):
    t.need("nginx")
    t.write("index.html", "from nginx\n")
    config = t.write("nginx.conf", f"""
daemon off;
worker_processes 1;
pid {t.path("pid")};
error_log {t.path("error.log")};
events {{}}
http {{
    access_log {t.path("access.log")};
    client_body_temp_path {t.path("body")};
    proxy_temp_path {t.path("proxy")};
    fastcgi_temp_path {t.path("fastcgi")};
    uwsgi_temp_path {t.path("uwsgi")};
    scgi_temp_path {t.path("scgi")};
    server {{ listen {PORT}; listen [::]:{PORT}; root {t.folder}; }}
}}
""")
    run = t.passed(dialled(t, "healthy-client",
                           [shutil.which("nginx"), "-e", t.path("error.log"), "-c", config]))
    t.equal(run.events("attempt")[0].dst, f"{PROGRAM}:{PORT}", "IPv4 comes first")
    t.check(sum(s.len for s in run.received()) > len("from nginx\n"), "an answer has to come")
    with open(t.path("access.log")) as log:
        t.contains(log.read(), '"GET / HTTP/1.0" 200', "nginx's log")


@test
def node(t):
    t.need("node")
    code = ("require('http').createServer((q, s) => { console.log(q.method, q.url, "
            "q.socket.remoteAddress); s.end('hi') }).listen(+process.env.GHOSTPEER_PORT)")
    run = t.passed(dialled(t, "healthy-client", [shutil.which("node"), "-e", code]))
    t.contains(run.text, f"GET / ::ffff:{PEER}", "what node printed")
    t.check(sum(s.len for s in run.received()) > 0, "an answer has to come")


@test
def an_answer_that_comes_late_is_waited_for(t):
    t.need("node")
    code = ("require('http').createServer((q, s) => setTimeout(() => s.end('late'), 300))"
            ".listen(+process.env.GHOSTPEER_PORT)")
    run = t.passed(dialled(t, "healthy-client", [shutil.which("node"), "-e", code]))
    t.check(sum(s.len for s in run.received()) > 0, "an answer has to come")
    fin = run.received("fin") or run.received("rst")
    t.check(fin[0].t <= run.sent("fin")[0].t, "the server finishes first")


@test
def no_answer_is_no_pass(t):
    run = dialled(t, "healthy-client", serve(t, "listen=1", "accept", "recv", "close"))
    t.equal(run.status, 123, "exit status")
    t.contains(" ".join(run.verdict.failures), "received 1", "the rule that never fired")


@test
def clients_end_the_run_of_a_server_that_never_ends(t):
    mute = [PYTHON, "-c", "import socket, time; l = socket.create_server(('', "
            f"{PORT}), backlog=16); c = [l.accept() for _ in range(99)]"]
    for profile, sets in (("healthy-client", {"patience": "300ms"}),
                          ("half-close-client", {"patience": "300ms"}),
                          ("half-open-client", {"patience": "300ms"}),
                          ("half-open-server", {"patience": "300ms"}),
                          ("deferred-data", {"after": "100ms", "patience": "300ms"}),
                          ("many-connections", {"connections": 5, "hold": "300ms"})):
        run = dialled(t, profile, mute, sets=sets)
        t.equal(run.verdict.ended, "finish", f"the end of {profile}")
        t.equal(run.status, 123 if profile in ("healthy-client", "half-open-server") else 0,
                f"the status of {profile}")


@test
def each_of_several_clients_has_its_answer(t):
    profile = t.profile("extends: healthy-client\nclient: {connections: 3, rate: 10}\n")
    run = t.passed(dialled(t, profile, [PYTHON, "-m", "http.server", str(PORT), "--directory",
                                        t.folder]))
    t.equal(run.verdict.ended, "finish", "the end")
    t.equal(len(run.events("attempt")), 3, "attempts")
    t.equal(len({s.conn for s in run.received("data")}), 3, "connections with an answer")


@test
def a_program_that_works_says_what_it_saw(t):
    """The run's end waits while COMMAND runs, here for 0.3 s after the connection has ended."""
    program = t.write("server.py", f"""
import socket, time
listener = socket.create_server(("", {PORT}))
connection = listener.accept()[0]
words = connection.recv(100)
connection.sendall(b"bye")
connection.close()
began = time.monotonic()
while time.monotonic() - began < 0.3:
    pass
print("saw", words, flush=True)
listener.accept()
""")
    run = t.passed(dialled(t, "healthy-client", [PYTHON, program], sets={"text": "hello"}))
    t.contains(run.text, "saw b'hello'", "what COMMAND printed")
    t.equal(run.verdict.ended, "finish", "the end")


@test
def a_client_does_not_speak_a_servers_words(t):
    for lines in ("extends: high-latency\nrole: client\n",
                  "role: client\nattempts: {1: healthy}\n"):
        profile = t.profile("summary: Dials.\n" + lines +
                            "params: {delay: 1ms}\n" * ("extends" in lines))
        run = t.passed(dialled(t, profile, serve(t, "listen=1", "accept", "send-text=GET\r\n\r\n",
                                                 "poll=in,300ms", "close")))
        t.result(run.call("poll"), 0)
        t.equal(run.sent("data"), [], "words of the client")


@test
def numbers_words_and_what_the_kernel_says(t):
    run = t.passed(dialled(t, "half-close-client",
                           serve(t, "listen=1", "accept", "recv", "info", "recv", "send-text=bye",
                                 "close"), sets={"text": "hello"}))
    syn, answer = run.sent("syn")[0], run.received("syn-ack")[0]
    t.equal((syn.seq, answer.seq, answer.ack), (0, 0, 1), "relative numbers")
    ack = run.sent("handshake-ack")[0]
    t.equal((ack.seq, ack.ack, ack.len), (1, 1, 0), "numbers of the third segment")
    t.equal(syn.options["mss"], 1460, "the peer's MSS")
    t.check(syn.options["sack_permitted"] and "timestamps" in syn.options and
            syn.options["window_scale"] == 7, f"options are {syn.options}")
    t.equal(run.call("TCP_INFO").options & 7, 7, "options that the kernel agreed to")
    t.result(run.call("recv", 0), 5)
    t.result(run.call("recv", 1), 0)
    t.equal(sum(s.len for s in run.received()), 3, "bytes that came back")
    states = [(e["from"], e["to"]) for e in run.events("state")]
    t.equal(states[:2], [("closed", "syn-sent"), ("syn-sent", "established")], "states")
    rows = run.trace
    t.contains(rows, f"attempt 1: {PEER}:", "the trace")
    t.contains(rows, f"-> {PROGRAM}:{PORT}", "the trace")


@test
def ipv6_alone(t):
    run = t.passed(dialled(t, "half-close-client",
                           serve(t, "listen=1", "accept", "recv", "recv", "close",
                                 address="2001:2::1")))
    t.equal(run.events("attempt")[0].dst, f"[2001:2::1]:{PORT}", "the address that was dialled")
    t.result(run.call("recv"), len(REQUEST))


@test
def waits_until_the_program_listens(t):
    run = t.passed(dialled(t, "half-close-client",
                           serve(t, "sleep=700ms", "listen=1", "accept", "recv", "recv", "close")))
    t.equal(run.sent("syn")[0].fate, "sent", "the first SYN's fate")
    t.equal(len(run.sent("syn")), 1, "SYNs: nothing is tried before the program listens")
    t.equal(run.received("rst"), [], "refusals")
    t.check(run.events("attempt")[0].t >= 0.7, "the peer dialled too early")
    # It looks the more rarely the longer it has waited, here every 22 ms.
    t.check(run.call("accept").took < 0.5, "the peer has to dial soon after listen()")


@test
def never_listens(t):
    run = dialled(t, "healthy-client", ["sleep", "0.3"])
    t.equal(run.status, 123, "exit status")
    t.equal(run.events("attempt"), [], "attempts")
    t.contains(" ".join(run.verdict.failures),
               f"COMMAND never listened on port {PORT} of 198.18.0.1 or 2001:2::1", "the verdict")


@test
def listens_elsewhere(t):
    run = dialled(t, "healthy-client",
                  t.probe("bind", "listen=1", "sleep=300ms", address="127.0.0.1", port=PORT))
    t.equal(run.status, 123, "exit status")
    t.contains(" ".join(run.verdict.failures), f"It listened at 127.0.0.1:{PORT}. Let it listen on "
               "every address", "the verdict")
    run = dialled(t, "healthy-client",
                  t.probe("bind", "listen=1", "sleep=300ms", address="0.0.0.0", port=PORT + 1))
    t.contains(" ".join(run.verdict.failures), f"It listened at 0.0.0.0:{PORT + 1}. Name the port",
               "the verdict")


@test
def no_port_is_said(t):
    run = t.run("healthy-client", ["true"], outputs=False)
    t.equal(run.status, 125, "exit status")
    t.contains(run.errors, "nothing says where COMMAND listens. Name the port with --port PORT",
               "the message")
    run = t.run("healthy", ["true"], options=["--port", "80"], outputs=False)
    t.equal(run.status, 125, "exit status")
    t.contains(run.errors, "no profile of this run has `role: client`", "the message")
    run = t.run(None, ["true"], options=["--peer", "a.local:80=healthy-client"], outputs=False)
    t.equal(run.status, 125, "exit status")
    t.contains(run.errors, "has no port of its own", "the message")


@test
def a_named_peer_dials_from_its_address(t):
    profile = t.profile(f"""
        extends: half-close-client
        client: {{port: {PORT}, source_port: 4711}}
        """)
    run = t.passed(t.run("healthy", ["sh", "-c", "getent ahostsv4 caller.local; "
                                     f"exec {t.environment.probe} --json 0.0.0.0 $GHOSTPEER_PORT "
                                     "bind listen accept recv recv close"],
                         options=["--peer", f"caller.local={profile}"]))
    attempt = run.events("attempt")[0]
    t.equal((attempt.src, attempt.dst), ("198.18.0.3:4711", f"{PROGRAM}:{PORT}"), "the ends")
    t.contains(run.text, "198.18.0.3", "the name's address")


@test
def connections_come_at_their_rate(t):
    profile = t.profile("""
        summary: Five connections, five a second.
        role: client
        client: {connections: 5, rate: 5}
        """)
    run = t.passed(dialled(t, profile, serve(t, "listen=8", "until=2500ms", "queues")))
    attempts = run.events("attempt")
    t.equal([a.attempt for a in attempts], [1, 2, 3, 4, 5], "attempts")
    # A busy machine makes some late, but none may come before its turn, and all cannot be late.
    late = [at - 0.2 * n for n, at in enumerate(since(attempts, attempts[0]))]
    t.check(min(late) > -0.01, f"attempts before their turn: {late}")
    t.check(min(late[1:]) < 0.1, f"attempts after their turn: {late}")
    t.equal(run.call("queues").recv_q, 5, "connections that wait to be accepted")
    t.equal(len({a.src for a in attempts}), 5, "source ports")


@test
def a_port_that_closes_refuses(t):
    profile = t.profile("""
        summary: Two connections to one that takes a single one.
        role: client
        client: {connections: 2, rate: 2}
        rules:
          - {on: enter established, do: {say: hello}}
          - {on: receive rst, when: {attempt: 2, state: syn-sent}, do: finish}
        """)
    run = t.passed(dialled(t, profile, serve(t, "listen=1", "accept", "listener", "close",
                                             "sleep=5s")))
    t.contains(run.trace, "refused", "the table of attempts")


# Half-open connections ---------------------------------------------------------------------------


@test
def half_open_client(t):
    run = t.passed(dialled(t, "half-open-client",
                           serve(t, "listen=1", "accept", "recv", "sleep=300ms", "info", "send=10",
                                 "poll=in,5s", "recv", "send=1")))
    t.equal(run.call("TCP_INFO").state, "ESTABLISHED", "the server's view of what is gone")
    t.result(run.call("send", 0), 10)
    t.errno(run.call("recv", 1), "ECONNRESET")
    t.errno(run.call("send", 1), "EPIPE")
    t.equal(run.events("state")[-1].to, "closed", "the peer's last state")
    t.equal(run.sent("rst")[-1].seq, run.received("data")[-1].ack, "the number of the RST")


@test
def half_open_client_is_not_noticed_by_a_reader(t):
    run = t.passed(dialled(t, "half-open-client",
                           serve(t, "listen=1", "accept", "recv", "poll=in,1s", "info"),
                           sets={"after": "50ms"}))
    t.result(run.call("poll"), 0)
    t.equal(run.call("TCP_INFO").state, "ESTABLISHED", "state")
    end = run.received("fin")[0]
    t.check(all(s.t >= end.t for s in run.sent("rst")), "nothing but the program's end meets a RST")


@test
def half_open_server(t):
    run = t.passed(dialled(t, "half-open-server",
                           serve(t, "listen=1", "accept", "poll=in,5s", "linger0", "close",
                                 "sleep=5s"), sets={"after": "300ms"}))
    lost, answer = run.received("rst")[:2]
    t.equal((lost.fate, answer.fate), ("dropped", "accepted"), "fates of the RSTs")
    again = run.sent("data")[-1]
    t.near(again.t - lost.t, 0.3, "the time until the client talks on")
    t.equal(answer.seq, again.ack, "the RST has the number that the data acknowledges")
    t.equal(run.verdict.ended, "finish", "the end")


@test
def a_peer_that_is_served_dials_at_once(t):
    profile = t.profile("""
        summary: Dials.
        role: client
        """)
    with Segment(t, "a") as segment:
        server = segment.start("a", [PYTHON, "-u", "-c", """
import socket
listener = socket.create_server(("127.0.0.1", 8080))
print("up", flush=True)
listener.accept()
print("met", flush=True)
"""])
        t.equal(server.stdout.readline(), "up\n", "the server")
        run = segment.serve("a", "--link", "loopback", "--peer", f"127.0.0.1={profile}",
                            "--dial", "127.0.0.1:8080")
        t.equal(server.stdout.readline(), "met\n", "the server")
        stop(run)
        syns = run.segments(reason="syn")
        t.equal(len(syns), 1, "SYNs: a second one is the first that left, after its timer")
        answer = run.segments(kind="syn-ack")[0]
        t.check(answer.t - syns[0].t < 0.9, f"the SYN is of {syns[0].t}, the answer of {answer.t}")
