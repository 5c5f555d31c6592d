"""The control interface under attack: strangers, deserters, requests of two meanings, squatters."""

import os
import re
import socket

from control_support import inside
from harness import test

STRANGERS = 100  # more than may be connected at once


class Controlled:
    """A run with `--control 127.0.0.1:0`."""

    def __init__(self, t):
        self.run = t.start("healthy", ["sleep", "60"], options=["--control", "127.0.0.1:0"])
        line = self.run.process.stderr.readline().decode()
        self.port = int(re.search(r"http://127\.0\.0\.1:(\d+)", line)[1])
        self.token = re.search(r"token is (\w+)\.", line)[1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.run.process.terminate()
        self.run.finish()

    def connect(self):
        client = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        client.settimeout(20)
        return client

    def send(self, text):
        client = self.connect()
        client.sendall(text)
        return client

    def head(self, first, *fields):
        return "\r\n".join([f"{first} HTTP/1.1", "Host: localhost",
                            f"Authorization: Bearer {self.token}", *fields, "", ""]).encode()

    def ask(self, target="/v1/info"):
        """The status of a request with the token, made now."""
        with self.send(self.head(f"GET {target}", "Connection: close")) as client:
            return answer(client)[0]

    def resident(self):
        with open(f"/proc/{self.run.process.pid}/status") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))


def answer(client):
    """Status and text of all that comes until the end."""
    text = b""
    try:
        while part := client.recv(65536):
            text += part
    except ConnectionResetError:
        pass
    return int(text.split()[1]) if text else None, text.decode()


@test
def strangers_cost_no_memory(t):
    with Controlled(t) as control:
        t.equal(control.ask(), 200, "the status before")
        before = control.resident()
        line = b"X-Filler: " + b"y" * 1000 + b"\r\n"
        with control.send(b"GET /v1/info HTTP/1.1\r\n") as client:
            try:
                for _ in range(20_000):
                    client.sendall(line)
            except (BrokenPipeError, ConnectionResetError, socket.timeout):
                pass
        with control.send(b"POST /v1/actions HTTP/1.1\r\nHost: localhost\r\n"
                          b"Content-Length: 1000000\r\n\r\n") as client:
            t.equal(answer(client)[0], 401, "the status of a body without a token")
        t.equal(control.ask(), 200, "the status after")
        t.check(control.resident() - before < 8192,
                f"{before} KiB, then {control.resident()} KiB")


@test
def strangers_keep_nobody_out(t):
    with Controlled(t) as control:
        crowd = [control.send(b"G") for _ in range(STRANGERS)]
        t.equal(control.ask(), 200, "the status behind silent strangers")
        for client in crowd:
            try:
                client.sendall(b"E")
            except (BrokenPipeError, ConnectionResetError):
                pass
        t.equal(control.ask(), 200, "the status behind slow strangers")
        for client in crowd:
            client.close()


@test
def whoever_waits_no_longer_is_forgotten(t):
    with Controlled(t) as control:
        for _ in range(STRANGERS):
            with control.send(control.head("GET /v1/wait?for=attempts%3E%3D1&timeout=24h")):
                pass
        t.equal(control.ask(), 200, "the status behind those who have gone")
        # As many as may be there, all of them waiting: the next one is told so.
        crowd = [control.send(control.head("GET /v1/wait?for=attempts%3E%3D1&timeout=24h"))
                 for _ in range(64)]
        t.eventually(lambda: control.ask() == 503, "it is full")
        for client in crowd:
            client.close()
        t.eventually(lambda: control.ask() == 200, "there is room again")


@test
def a_request_has_one_meaning(t):
    with Controlled(t) as control:
        smuggled = control.head("POST /v1/commands/smuggled")
        for fields in (["Content-Length: 0", f"Content-Length: {len(smuggled)}"],
                       ["Transfer-Encoding: chunked", f"Content-Length: {len(smuggled)}"],
                       ["Content-Length: +0"], ["Content-Length : 0"],
                       ["Transfer-Encoding: chunked", "Transfer-Encoding: identity"]):
            with control.send(control.head("POST /v1/commands/x", *fields) + smuggled) as client:
                status, text = answer(client)
            t.equal(status, 400, f"the status with {fields}")
            t.equal(text.count("Content-Length:"), 1, f"answers to {fields}")
        with control.send(control.head("POST /v1/commands/x", "Transfer-Encoding: chunked",
                                       "Connection: close") + b"2\r\n{}\r\n0\r\n\r\n") as client:
            t.equal(answer(client)[0], 404, "the status with chunks: nobody waits for x")


@test
def deep_json_is_refused(t):
    t.passed(inside(t, r"""
        for deep in ("[" * 100_000 + "]" * 100_000, '{"a":' * 50_000 + "1" + "}" * 50_000):
            for body in ('{"do": %s}' % deep, '{"do": %s}' % json.dumps(deep), deep,
                         '{"profile": "x", "set": {"y": %s}}' % deep):
                for method, path in (("POST", "/v1/actions"),
                                     ("PUT", "/v1/peers/default/profile")):
                    connection = peer._connect(30)
                    connection.request(method, path, body)
                    answer = connection.getresponse()
                    assert answer.status in (400, 422), (answer.status, body[:20])
                    assert json.loads(answer.read())["error"], body[:20]
                    connection.close()
        assert peer.request("GET", "/v1/info")["connections"] == 0
    """))


@test
def a_command_controls_its_own_run_or_none(t):
    show = ["sh", "-c", "echo control=$GHOSTPEER_CONTROL token=$GHOSTPEER_CONTROL_TOKEN "
            "tcp=$GHOSTPEER_CONTROL_TCP"]
    outer = {"GHOSTPEER_CONTROL": "unix:/somebody/elses.sock", "GHOSTPEER_CONTROL_TOKEN": "secret",
             "GHOSTPEER_CONTROL_TCP": "127.0.0.1:7"}
    for control in ("off", "127.0.0.1:0"):
        run = t.run("healthy", show, options=["--control", control], env=outer)
        t.passed(run)
        t.equal(run.text, "control= token= tcp=\n", f"COMMAND's variables with --control {control}")
    run = t.run("healthy", show, env=outer)
    t.passed(run)
    t.check(re.fullmatch(r"control=unix:/\S+\.sock token=[0-9a-f]{32,} tcp=http://127\.0\.0\.1:\d{2,}\n",
                         run.text), f"COMMAND's variables are {run.text!r}")
    t.check("elses" not in run.text, "COMMAND would control another run")


@test
def whoever_takes_the_folder_takes_nothing_else(t):
    # A folder of that name that is somebody else's; here one that others may write.
    runtime = t.path("runtime")
    os.makedirs(os.path.join(runtime, "ghostpeer"))
    os.chmod(os.path.join(runtime, "ghostpeer"), 0o777)
    for folder in (runtime, os.path.join(runtime, "ghostpeer")):
        os.chown(folder, t.environment.uid, -1)
    run = t.run("healthy", ["sh", "-c", "echo $GHOSTPEER_CONTROL"],
                env={"XDG_RUNTIME_DIR": runtime})
    t.passed(run)
    t.contains(run.text, "unix:/", "COMMAND's address")
    t.check(runtime not in run.text, "the socket lies in a folder that others may write")
    t.equal(os.listdir(os.path.join(runtime, "ghostpeer")), [], "what is in the folder")


@test
def a_connection_that_is_forgotten_is_closed(t):
    t.passed(inside(t, """
        connect().close()
        ctl("wait", "state=closed conn=1", "--timeout", "20s")
        began = time.monotonic()
        said = ctl("wait", "state=established conn=1", "--timeout", "300ms", status=124)
        assert "is in closed" in said or "not remembered" in said, said
    """))


@test
def a_socket_of_somebody_elses_is_left_alone(t):
    path = t.path("c.sock")
    with open(path, "w") as file:
        file.write("no socket")
    os.chmod(path, 0o666)
    run = t.run("healthy", ["true"], options=["--control", f"unix:{path}"])
    t.equal(run.status, 125)
    t.contains(run.errors, "Address already in use")
    os.unlink(path)
    os.symlink(t.path("target"), path)
    run = t.run("healthy", ["true"], options=["--control", f"unix:{path}"])
    t.equal(run.status, 125)
    t.check(not os.path.exists(t.path("target")), "the link was followed")
    os.unlink(path)
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(path)
    os.chown(path, t.environment.uid, -1)
    t.passed(t.run("healthy", ["true"], options=["--control", f"unix:{path}"]))
    t.check(not os.path.exists(path), "the socket is still there")
