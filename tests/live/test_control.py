"""The control interface: ctl, HTTP on a Unix socket and on TCP, and the examples."""

import http.client
import json
import os
import re
import signal

from control_support import PRELUDE, inside, variables
from harness import PYTHON, test

# ctl ---------------------------------------------------------------------------------------------

@test
def ctl_looks_and_acts(t):
    run = inside(t, """
        assert "default" in ctl("peers")
        first, second = connect(), connect()
        ctl("wait", "established >= 2", "--timeout", "20s")
        table = ctl("connections").splitlines()
        assert len(table) == 3 and "established" in table[1], table
        listed = json.loads(ctl("connections", "--json"))
        assert [one["id"] for one in listed] == [1, 2], listed

        assert ctl("say", "good", "morning", "--conn", "1") == "1 connection\\n"
        assert first.recv(100) == b"good morning"
        assert ctl("reset", "--conn", "2") == "1 connection\\n"
        try:
            second.recv(1)
            raise AssertionError("the second was not reset")
        except ConnectionResetError:
            pass
        assert ctl("do", "[stop-reading, {window: 0}]", "--peer", "default") == "1 connection\\n"
        one = json.loads(ctl("connections", "--conn", "1", "--json"))[0]
        assert one["reading_stopped"] and one["rcv"]["wnd"] == 0, one
        ctl("close")
        assert first.recv(1) == b""
        assert "rst 1" in " ".join(ctl("stats").split())
        assert json.loads(ctl("stats", "--reset", "--json"))["attempts"] == 2
        assert json.loads(ctl("stats", "--json"))["attempts"] == 0
    """)
    t.passed(run)
    rst = run.sent("rst")
    t.equal([(s.conn, s.rule["file"], s.rule["line"]) for s in rst], [(2, "control", 0)], "the RST")
    t.equal([(r.conn, r.action) for r in run.events("rule")],
            [(1, "say"), (2, "reset"), (1, "stop-reading"), (1, "window"), (1, "close")],
            "actions in the event stream")
    t.contains(run.trace, "by control", "the trace")


@test
def answers_do_not_overtake_segments(t):
    # Whoever was told that the window is shut finds it shut.
    run = inside(t, """
        for n in range(1, 31):
            with connect() as client:
                peer.wait(f"state=established conn={n}")
                peer.act("{window: 0}", conn=n)
                client.sendall(b"x")
                peer.reset()
    """)
    t.passed(run)
    t.equal(len(run.sent("window-update", win=0)), 30, "windows that were shut")
    t.check(not run.received("data"), "nothing is sent into a window that is shut")


@test
def ctl_blackholes_and_revives(t):
    t.passed(inside(t, """
        here = connect()
        ctl("blackhole")
        here.sendall(b"lost")
        late = socket.socket()
        late.settimeout(0.3)
        try:
            late.connect(ADDRESS)
            raise AssertionError("a new connection was answered")
        except TimeoutError:
            pass
        assert "both" in ctl("peers")
        newest = peer.newest_event()
        assert ctl("revive") == "2 connections\\n"
        # What was lost is sent again by the kernel's timer.
        ctl("wait", "event=segment kind=data fate=accepted", "--timeout", "20s", "--since",
            str(newest))
        connect()
    """))


@test
def ctl_uses_other_profiles(t):
    mine = t.profile("""
        summary: One that greets.
        params: {word: hello}
        rules: [{on: enter established, do: {say: "${word}"}}]
    """, name="greets.yaml")
    run = inside(t, """
        old = connect()
        assert ctl("use", "db.example", "refuse-twice") == "db.example uses refuse-twice\\n"
        for attempt in range(2):
            try:
                socket.create_connection(("db.example", 5432))
                raise AssertionError("it was not refused")
            except ConnectionRefusedError:
                pass
        socket.create_connection(("db.example", 5432)).close()
        assert "greets.yaml" in ctl("use", "default", "greets.yaml", "--set", "word=salve")
        assert connect().recv(10) == b"salve"
        old.sendall(b"still there")
        ctl("wait", "rule %s:3 fired" % os.path.realpath("greets.yaml"), "--timeout", "1s")
        assert "there is no profile" in ctl("use", "default", "refus", status=125)
        assert "no profile of this run" not in ctl("use", "default", "refuse", "--set", "a=b", status=125)
        assert "known are" in ctl("use", "nobody", "refuse", status=125)
        assert "is that of a client" in ctl("use", "default", "client-vanishes", status=125)
    """, options=["--peer", "db.example=healthy"], cwd=t.folder)
    t.passed(run)
    t.check(os.path.exists(mine), "the profile")


@test
def ctl_waits(t):
    t.passed(inside(t, """
        began = time.monotonic()
        said = ctl("wait", "established >= 1", "--timeout", "300ms", status=124)
        assert "did not come true within 300ms: established is 0" in said, said
        assert time.monotonic() - began >= 0.3
        # Each comes true while it is waited for.
        kept = []
        for condition, cause in (("established >= 1", connect), ("attempts >= 2", connect),
                                 ("connections == 0", lambda: ctl("reset")),
                                 ("event=attempt attempt=3", connect),
                                 ("state=fin-wait-2 conn=3", lambda: ctl("shutdown"))):
            newest = peer.newest_event()
            waiter = subprocess.Popen([os.environ["GHOSTPEER"], "ctl", "wait", condition,
                                       "--timeout", "20s", "--since", str(newest)])
            time.sleep(0.2)
            assert waiter.poll() is None, condition + " was true too early"
            kept.append(cause())
            assert waiter.wait() == 0, condition
        ctl("wait", "state=closed conn=1", "--timeout", "1s")
        assert "is no condition" in ctl("wait", "soon", status=125)
    """))


@test
def ctl_prints_events(t):
    t.passed(inside(t, """
        reader = subprocess.Popen([os.environ["GHOSTPEER"], "ctl", "events"],
                                  stdout=subprocess.PIPE, text=True)
        newest = peer.newest_event()
        kept = []
        # Nobody knows when the reader listens, but it hears of what happens then.
        while not select.select([reader.stdout], [], [], 0.1)[0]:
            kept.append(connect())
        line = json.loads(reader.stdout.readline())
        assert line["event"] in ("attempt", "segment", "state"), line
        assert line["conn"] >= 1, line
        reader.kill()
        resumed = peer.events(since=newest)
        first = next(resumed)
        assert (first["event"], first["attempt"]) == ("attempt", 1), first
    """))


@test
def ctl_says_what_is_missing(t):
    env = {"GHOSTPEER_CONTROL": ""}
    run = t.ghostpeer("ctl", "peers", env=env)
    t.equal(run.status, 125)
    t.contains(run.errors, "GHOSTPEER_CONTROL is not set")
    run = t.ghostpeer("ctl", "peers", "--control", "unix:" + t.path("nothing"), env=env)
    t.equal(run.status, 125)
    t.contains(run.errors, "does not answer: No such file or directory")
    run = t.ghostpeer("ctl", "peers", "--control", "192.0.2.1:80", env=env)
    t.contains(run.errors, "is not a loopback address")
    t.equal(t.ghostpeer("ctl", env=env).status, 125)
    t.contains(t.ghostpeer("ctl", "--help").text, "ghostpeer ctl wait")


# HTTP --------------------------------------------------------------------------------------------

@test
def curl_does_all_of_it(t):
    t.need("curl")
    t.passed(inside(t, """
        peers = json.loads(curl("http://ghostpeer/v1/peers"))["peers"]
        assert [(p["name"], p["profile"]) for p in peers] == [("default", "healthy")], peers
        kept = connect()
        met = json.loads(curl("http://ghostpeer/v1/wait?for=established>=1&timeout=5s"))
        assert met["met"] is True, met
        assert json.loads(curl("http://ghostpeer/v1/connections/1"))["state"] == "established"
        acted = json.loads(curl("-d", '{"do": {"say": "hi"}}', "http://ghostpeer/v1/actions"))
        assert acted["connections"] == 1 and kept.recv(9) == b"hi"
        answer = json.loads(curl("-X", "POST", "http://ghostpeer/v1/commands/x"))
        assert answer["error"] == "No profile in use has a rule `on: command x`.", answer
        put = curl("-X", "PUT", "-d", '{"profile": "refuse"}',
                   "http://ghostpeer/v1/peers/default/profile")
        assert json.loads(put)["profile"] == "refuse"
        try:
            connect()
            raise AssertionError("not refused")
        except ConnectionRefusedError:
            pass
        metrics = curl("http://ghostpeer/metrics")
        assert 'ghostpeer_connections{state="established"} 1' in metrics, metrics
        assert "ghostpeer_attempts_total 2" in metrics, metrics
        for line in metrics.splitlines():
            assert line.startswith("# ") or len(line.rsplit(" ", 1)) == 2, line
    """))


# Who may -----------------------------------------------------------------------------------------

@test
def the_socket_is_the_users_own(t):
    t.passed(inside(t, """
        import stat
        path = peer.address[5:]
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o600, oct(os.stat(path).st_mode)
        assert stat.S_IMODE(os.stat(os.path.dirname(path)).st_mode) == 0o700
    """))


def tcp(t, *options):
    """A run with `--control 127.0.0.1:0`: it, the port, and what it said first."""
    run = t.start("healthy", ["sleep", "20"], options=["--control", "127.0.0.1:0", *options])
    line = run.process.stderr.readline().decode()
    port = re.search(r"http://127\.0\.0\.1:(\d+)", line)
    t.check(port, f"no address in {line!r}")
    return run, int(port[1]), line


def ask(port, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", "/v1/peers", headers=headers)
    response = connection.getresponse()
    body = json.loads(response.read())
    connection.close()
    return response.status, body


def stop(run):
    run.process.send_signal(signal.SIGTERM)
    run.finish()


@test
def tcp_wants_a_token(t):
    run, port, line = tcp(t)
    token = re.search(r"token is (\w+)\.", line)[1]
    t.check(len(token) >= 32, f"the token is {token}")
    bearer = f"Bearer {token}"
    t.equal(ask(port)[0], 401, "without a token")
    t.equal(ask(port, Authorization=bearer[:-1] + "!")[0], 401, "with a wrong one")
    t.equal(ask(port, Authorization=bearer)[0], 200, "with the token")
    t.equal(ask(port, Authorization=bearer, Origin="http://evil.example")[0], 403, "from a page")
    t.equal(ask(port, Authorization=bearer, Host="rebound.example")[0], 403, "to another name")
    address = f"127.0.0.1:{port}"
    t.equal(t.ghostpeer("ctl", "peers", "--control", address).status, 125, "ctl without")
    with_token = t.ghostpeer("ctl", "peers", "--control", address,
                             env={"GHOSTPEER_CONTROL_TOKEN": token})
    t.contains(with_token.text, "healthy")
    t.write("mine.yaml", "summary: mine\n")
    file = t.ghostpeer("ctl", "use", "default", t.path("mine.yaml"), "--control", address,
                       env={"GHOSTPEER_CONTROL_TOKEN": token})
    t.contains(file.errors, "Over TCP only its profiles can be used", "a file over TCP")
    stop(run)


@test
def a_token_may_come_from_a_file(t):
    t.write("token", "correct-horse\n")
    run, port, line = tcp(t, "--control-token-file", t.path("token"))
    t.check("correct-horse" not in line, "the token is nobody's business")
    t.equal(ask(port, Authorization="Bearer correct-horse")[0], 200)
    t.equal(ask(port, Authorization="Bearer correct-hors")[0], 401)
    done = t.ghostpeer("ctl", "peers", "--control", f"127.0.0.1:{port}", "--control-token-file",
                       t.path("token"))
    t.equal(done.status, 0)
    stop(run)


@test
def what_is_no_loopback_is_refused(t):
    for address in ("0.0.0.0:8000", "192.0.2.1:8000", "[::]:8000"):
        run = t.run("healthy", ["true"], options=["--control", address])
        t.equal(run.status, 125)
        t.contains(run.errors, "is not a loopback address")
    run = t.run("healthy", ["true"], options=["--control", "127.0.0.1:0", "--control-token-file",
                                              t.path("none")])
    t.contains(run.errors, "it cannot be read")


@test
def off_means_off(t):
    run = t.run("healthy", ["sh", "-c", "echo control=$GHOSTPEER_CONTROL"],
                options=["--control", "off"])
    t.passed(run)
    t.equal(run.text, "control=\n")


# What is left ------------------------------------------------------------------------------------

def runtime(t):
    folder = t.path("runtime")
    os.mkdir(folder, 0o700)
    os.chown(folder, t.environment.uid, -1)
    return folder


@test
def nothing_is_left(t):
    folder = runtime(t)
    run = t.run("healthy", ["sh", "-c", "echo $GHOSTPEER_CONTROL"],
                env={"XDG_RUNTIME_DIR": folder})
    t.passed(run)
    t.contains(run.text, f"unix:{folder}/ghostpeer/")
    t.equal(os.listdir(folder), [], "what is left")


@test
def what_a_killed_run_leaves_the_next_one_removes(t):
    folder = runtime(t)
    env = {"XDG_RUNTIME_DIR": folder}
    sockets = os.path.join(folder, "ghostpeer")
    killed = t.start("healthy", ["sleep", "60"], env=env)
    t.eventually(lambda: os.path.isdir(sockets) and os.listdir(sockets), "there is a socket")
    killed.process.kill()
    killed.process.wait()
    left = os.listdir(sockets)
    t.equal(len(left), 1, "sockets of the killed run")
    other = t.start("healthy", ["sleep", "60"], env=env)
    t.eventually(lambda: set(os.listdir(sockets)) not in (set(), set(left)), "another run is there")
    t.passed(t.run("healthy", ["true"], env=env))
    t.check(left[0] not in os.listdir(sockets), "the stale socket is gone")
    t.equal(len(os.listdir(sockets)), 1, "sockets of the run that lives")
    stop(other)
    t.equal(os.listdir(folder), [], "what is left")


@test
def a_client_that_stays_does_not_hold_up_the_end(t):
    run = t.start("healthy", [PYTHON, "-c", PRELUDE + """
idle = socket.socket(socket.AF_UNIX)
idle.connect(peer.address[5:])
half = socket.socket(socket.AF_UNIX)
half.connect(peer.address[5:])
half.sendall(b"POST /v1/actions HTTP/1.1\\r\\nContent-Length: 100\\r\\n\\r\\n{")
events = peer._events(None, 60)
next(events)
print("ready", flush=True)
subprocess.Popen(["setsid", "sleep", "0"]).wait()
"""], env=variables(t))
    run.finish()
    t.passed(run)
    t.soon(run, 8)
