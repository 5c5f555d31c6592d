"""Peers that come and go while a run goes on, scopes and their verdicts, and COMMAND's way in on TCP."""

from control_support import inside
from harness import test


@test
def peers_come_and_go(t):
    run = t.passed(inside(t, """
        assert ctl("add", "db.example:5432", "refuse-twice") == "db.example:5432\\n"
        for attempt in range(2):
            try:
                socket.create_connection(("db.example", 5432))
                raise AssertionError("it was not refused")
            except ConnectionRefusedError:
                pass
        there = socket.create_connection(("db.example", 5432))
        # The same name at another port is another peer.
        assert ctl("add", "db.example:6379", "refuse") == "db.example:6379\\n"
        try:
            socket.create_connection(("db.example", 6379))
            raise AssertionError("it was not refused")
        except ConnectionRefusedError:
            pass
        assert "already" in ctl("add", "db.example:5432", "healthy", status=125)
        assert "stays" in ctl("remove", "default", status=125)
        ctl("remove", "db.example:5432")
        try:
            there.recv(1)
            raise AssertionError("it was not reset")
        except ConnectionResetError:
            pass
        assert "no peer" in ctl("remove", "db.example:5432", status=125)
        free = ctl("add", ":", "refuse").strip()
        try:
            socket.create_connection((free, 1234))
            raise AssertionError("it was not refused")
        except ConnectionRefusedError:
            pass
        ctl("add", "203.0.113.7", "healthy")
        socket.create_connection(("203.0.113.7", 80)).close()
        assert "client" in ctl("add", ":", "client-vanishes", status=125)
        assert "COMMAND's own" in ctl("add", "198.18.0.1", "healthy", status=125)
    """))
    t.check(not any(event["pass"] is False for event in run.events("verdict")), "the verdict")


@test
def a_scope_has_a_verdict_of_its_own(t):
    run = t.passed(inside(t, """
        ctl("scope", "met")
        ctl("add", "a.example:80", "refuse-twice", "--scope", "met", "--set", "times=1")
        ctl("scope", "not met")
        ctl("add", "b.example:80", "refuse-twice", "--scope", "not met")
        for expected in (ConnectionRefusedError, None):
            try:
                socket.create_connection(("a.example", 80)).close()
                assert expected is None
            except ConnectionRefusedError:
                assert expected
        good = json.loads(ctl("verdict", "met", "--json"))
        assert good["pass"] and not good["failures"], good
        assert good["verdict"]["attempts"] == 2, good
        bad = json.loads(ctl("verdict", "not met", "--json", status=123))
        assert not bad["pass"] and "refuse" in bad["text"], bad
        # One that is judged again is judged by what has come meanwhile.
        record = [json.loads(line) for line in ctl("record", "met").splitlines()]
        assert record[0]["event"] == "run" and record[-1]["event"] == "verdict", record
        assert len([one for one in record if one["event"] == "attempt"]) == 2
        assert not any("b.example" in json.dumps(one) for one in record)
        open("scope.jsonl", "w").write("\\n".join(map(json.dumps, record)) + "\\n")
        judged = subprocess.run([os.environ["GHOSTPEER"], "judge", "scope.jsonl"],
                                capture_output=True, text=True)
        assert judged.returncode == 0, judged
        assert "refuse" in ctl("trace", "met")
        assert "</html>" in ctl("page", "met")
        assert "pass" in ctl("end", "met")
        ctl("end", "not met", status=123)
        assert len(ctl("scopes").splitlines()) == 1
        assert "no scope" in ctl("verdict", "met", status=125)
    """, cwd=t.folder))
    told = {event["name"]: event.get("scope") for event in run.events("profile")}
    t.equal(told.get("refuse-twice"), "not met", "the scope of a profile")


@test
def what_is_asked_of_a_scope_concerns_its_peers_alone(t):
    t.passed(inside(t, """
        ctl("scope", "one")
        ctl("add", "one.example", "healthy", "--scope", "one")
        ctl("scope", "two")
        ctl("add", "two.example", "healthy", "--scope", "two")
        one = socket.create_connection(("one.example", 80))
        two = socket.create_connection(("two.example", 80))
        rest = connect()
        assert ctl("reset", "--scope", "one") == "1 connection\\n"
        try:
            one.recv(1)
            raise AssertionError("it was not reset")
        except ConnectionResetError:
            pass
        for other in (two, rest):
            other.settimeout(0.05)
            try:
                other.recv(1)
                raise AssertionError("it was reset, too")
            except TimeoutError:
                pass
        assert ctl("end", "one")
        two.sendall(b"still there")
        ctl("end", "two")
        try:
            two.recv(1)
            raise AssertionError("the end of its scope left it")
        except ConnectionResetError:
            pass
    """))


@test
def a_scope_that_fails_and_that_nobody_asks_about_fails_the_run(t):
    run = inside(t, """
        ctl("scope", "forgotten")
        ctl("add", "forgotten.example", "refuse-twice", "--scope", "forgotten")
        connect()
    """, status=123)
    t.contains(run.trace, "The scope forgotten, whose verdict nobody asked for", "the verdict")


@test
def a_scope_judges_outcomes_and_scripts(t):
    t.passed(inside(t, """
        peer.begin_scope("ends")
        there = peer.add_peer({"rules": [{"on": "enter established", "do": "reset"}],
                               "expect": [{"outcome": "reset"}]}, scope="ends")
        try:
            with socket.create_connection((there["addresses"][0], 80)) as client:
                client.recv(1)
            raise AssertionError("it was not reset")
        except ConnectionResetError:
            pass
        verdict = peer.end_scope("ends")
        assert verdict["pass"], verdict["text"]
        try:
            peer.add_peer("rules: [{on: nothing, do: reset}]\\nx: y\\n", name="wrong.example")
            raise AssertionError("a profile with errors was taken")
        except Error as error:
            assert error.answer["errors"][0]["line"] == 1, error.answer
            assert "inline.yaml:1:" in str(error) and "inline.yaml:2:" in str(error), error
    """))


@test
def use_says_how_many_connections_keep_their_profile(t):
    t.passed(inside(t, """
        first, second = connect(), connect()
        ctl("wait", "established >= 2")
        said = ctl("use", "default", "refuse")
        assert "2 open connections keep the profile that they have" in said, said
        said = ctl("use", "default", "healthy", "--reset")
        assert "2 open connections were reset" in said, said
        for client in (first, second):
            try:
                client.recv(1)
                raise AssertionError("it was not reset")
            except ConnectionResetError:
                pass
        assert peer.use("default", "refuse")["keep"] == 0
        peer.use("default", "healthy")
    """))


@test
def command_reaches_the_interface_on_tcp(t):
    t.passed(inside(t, """
        where, token = os.environ["GHOSTPEER_CONTROL_TCP"], os.environ["GHOSTPEER_CONTROL_TOKEN"]
        assert where.startswith("http://127.0.0.1:"), where
        other = Ghostpeer(where, token)
        assert [one["name"] for one in other.peers()] == ["default"]
        other.begin_scope("by TCP")
        other.add_peer({"summary": "Honest."}, name="tcp.example", scope="by TCP")
        socket.create_connection(("tcp.example", 1)).close()
        other.end_scope("by TCP")
        try:
            Ghostpeer(where, "wrong" + token).peers()
            raise AssertionError("it was answered without the token")
        except Error as error:
            assert error.status == 401
        assert "default" in subprocess.run(
            [os.environ["GHOSTPEER"], "ctl", "peers", "--control", where],
            capture_output=True, text=True, check=True).stdout
    """))


@test
def the_interface_on_tcp_takes_none_of_commands_ports(t):
    # So few that one less would be missed.
    t.passed(inside(t, """
        port = int(os.environ["GHOSTPEER_CONTROL_TCP"].rsplit(":", 1)[1])
        assert port not in (1021, 1022), port
        taken = [socket.create_connection(("198.18.0.2", 80)) for _ in range(2)]
        assert sorted(one.getsockname()[1] for one in taken) == [1021, 1022]
    """, sysctls={"net.ipv4.ip_local_port_range": "1021 1022"}))
