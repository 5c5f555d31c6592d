"""Whatever is slow, stopped, endless or hostile: a run, a server and a client of its end in time."""

import json
import os
import signal
import socket
import stat
import threading
import time

import harness
import who
from control_support import inside
from harness import Failure, test

PROMPT = 2.0  # see last_resort.hpp
SLACK = 4.0   # of a busy machine


def in_time(took, limit):
    if took > limit + SLACK:
        raise Failure(f"it took {took:.1f} s to end")
    if took > limit + SLACK / 2:
        raise harness.Late(f"it took {took:.1f} s to end")


def end_in_time(run, since, limit):
    run.finish(30)
    in_time(time.monotonic() - since, limit)


def pipe_of(t, name):
    path = t.path(name)
    os.mkfifo(path)
    os.chmod(path, 0o666)
    return path


# The end of a run ------------------------------------------------------------------------------


@test
def a_request_that_is_all_brackets_is_refused_and_holds_no_end(t):
    since = time.monotonic()
    inside(t, """
        body = '{"do":[' + '{},' * 340_000 + '{}]}'
        client = socket.socket(socket.AF_UNIX)
        client.settimeout(20)
        client.connect(peer.address[5:])
        client.sendall(f"POST /v1/actions HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: {len(body)}"
                       f"\\r\\n\\r\\n{body}".encode())
        answer = client.recv(65536)
        assert b" 400 " in answer and b"more than" in answer, answer
    """, options=["--timeout", "20s"])
    in_time(time.monotonic() - since, 5.0)


@test
def without_queued_signals_a_run_ends_all_the_same(t):
    pipe = pipe_of(t, "pipe.yaml")
    since = time.monotonic()
    run = t.ghostpeer("-c", f"ulimit -i 0; exec {t.environment.ghostpeer} run --link {t.link} "
                            f"--timeout 500ms {pipe} -- true", program="/bin/bash", limit=30)
    in_time(time.monotonic() - since, 0.5 + PROMPT)
    t.equal(run.status, 124, "exit status")


@test
def serve_ends_before_it_has_begun(t):
    pipe = pipe_of(t, "pipe.yaml")
    for words, status in ((f"--peer 127.0.0.1:8080={pipe}", 124),
                          (f"--netns {pipe} --peer 127.0.0.1:8080=healthy", 125)):
        since = time.monotonic()
        run = t.ghostpeer("--user", "--map-root-user", "--net", "sh", "-c",
                          f"ip link set lo up; exec {t.environment.ghostpeer} serve --link loopback "
                          f"--timeout 500ms {words}", program="unshare", limit=30)
        in_time(time.monotonic() - since, 0.5 + PROMPT)
        t.equal(run.status, status, f"exit status ({words})")


@test
def a_run_that_was_stopped_tells_its_verdict(t):
    run = t.start("healthy", ["sh", "-c", "echo > ready; exec sleep 1000"],
                  options=["--timeout", "1s"])
    t.eventually(lambda: os.path.exists(t.path("ready")), "COMMAND runs")
    run.process.send_signal(signal.SIGSTOP)
    time.sleep(3.5)
    since = time.monotonic()
    run.process.send_signal(signal.SIGCONT)
    end_in_time(run, since, PROMPT)
    t.equal(run.status, 124, "exit status")
    t.equal(run.verdict.event, "verdict", "the last event")


@test
def a_command_that_ended_while_ghostpeer_was_stopped_was_in_time(t):
    run = t.start("healthy", ["sh", "-c", "echo > ready; exec sleep 0.5"],
                  options=["--timeout", "1s"])
    t.eventually(lambda: os.path.exists(t.path("ready")), "COMMAND runs")
    run.process.send_signal(signal.SIGSTOP)
    time.sleep(3.5)
    run.process.send_signal(signal.SIGCONT)
    run.finish(30)
    t.equal(run.status, 0, "exit status")


@test
def a_process_with_a_line_end_in_its_name_is_seen(t):
    run = t.run("healthy", t.python("""
        import ctypes, os, time
        if os.fork():
            time.sleep(0.3)
            os._exit(0)
        ctypes.CDLL(None).prctl(15, b"new\\nline", 0, 0, 0)
        time.sleep(1000)
        """), options=["--timeout", "20s"])
    t.check("line" in run.errors or "line" in json.dumps(run.verdict.__dict__, default=str)
            or "line" in run.trace, "what COMMAND has left behind is named")


# ctl and what it talks to ----------------------------------------------------------------------


class Hostile:
    """Whoever asks it gets this."""

    def __init__(self, t, say):
        self.path = t.path("hostile.sock")
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(self.path)
        os.chmod(self.path, 0o666)
        self.socket.listen(5)
        self.say = say
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        try:
            client = self.socket.accept()[0]
            client.recv(65536)
            self.say(client)
            client.close()
        except OSError:
            pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()
        os.unlink(self.path)


def whole(body):
    return lambda client: client.sendall(
        b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)


def endless(client):
    client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        client.sendall(b"[" * 65536)


def slow(client):
    client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while True:
        client.sendall(b"[")
        time.sleep(0.2)


def pages(client):
    whole(b'{"connections":[{"id":1}],"next":0}')(client)


@test
def ctl_believes_nothing(t):
    deep = b'{"peers":' + b"[" * 200_000 + b"]" * 200_000 + b"}"
    for what, say, words, status in (
            ("depth", whole(deep), ["peers"], 125),
            ("types", whole(b'{"peers":[{"name":5,"addresses":"x"}]}'), ["peers"], 0),
            ("no object", whole(b"[1]"), ["fire", "x"], 125),
            ("no end", endless, ["peers"], 125),
            ("one page for ever", pages, ["connections"], 125),
            ("a terminal's commands", whole(b'{"peers":[{"name":"\\u001b[31mX\\n"}]}'),
             ["peers"], 0)):
        with Hostile(t, say) as other:
            since = time.monotonic()
            run = t.ghostpeer("ctl", "--control", "unix:" + other.path, *words, limit=40)
            in_time(time.monotonic() - since, 5.0)
        t.equal(run.status, status, f"exit status ({what}): {run.errors}")
        t.check("\x1b" not in run.text + run.errors, f"nothing steers a terminal ({what})")


@test
def ctl_does_not_wait_for_ever(t):
    with Hostile(t, slow) as other:
        since = time.monotonic()
        run = t.ghostpeer("ctl", "--control", "unix:" + other.path, "peers", limit=60)
        in_time(time.monotonic() - since, 15.0)
    t.equal(run.status, 125, "exit status")
    t.contains(run.errors, "in time", "what is said")


@test
def a_gigabyte_in_pieces_of_a_byte_holds_no_end(t):
    run = t.run(t.profile("""
        summary: a test
        rules:
          - {on: enter established, do: {say: {bytes: 1GB, pieces: 1}}}
    """), t.python("""
        import selectors, socket
        readable = selectors.DefaultSelector()
        for _ in range(100):
            s = socket.create_connection(("198.18.0.2", 80))
            s.setblocking(False)
            readable.register(s, selectors.EVENT_READ)
        while True:
            for key, _ in readable.select():
                key.fileobj.recv(65536)
    """), options=["-q", "--timeout", "3s"], outputs=False)
    t.equal(run.status, 124, "exit status")
    in_time(run.elapsed, 3.0 + PROMPT)


# What is left ----------------------------------------------------------------------------------


def folders_of(uid):
    return {name for name in os.listdir("/dev/shm") if name.startswith(f"ghostpeer-{uid}-")}


@test
def too_few_descriptors_leave_no_folder(t):
    uid = t.environment.uid
    before = folders_of(uid)
    for files in (6, 7, 8):
        t.ghostpeer("-c", f"ulimit -n {files}; exec {t.environment.ghostpeer} run -q "
                          f"--link {t.link} healthy -- /bin/true", program="/bin/sh", limit=20)
    t.eventually(lambda: not folders_of(uid) - before, "nothing is left in /dev/shm")


@test
def what_a_killed_run_left_in_a_folder_of_its_own_the_next_one_removes(t):
    uid = t.environment.uid
    # Where the usual folder cannot be had, a run takes one with a made-up name.
    gone = t.ghostpeer("-c", "echo $$", program="/bin/sh").text.strip()
    folder = f"/dev/shm/ghostpeer-{uid}-{gone.zfill(6)[-6:]}"
    os.mkdir(folder, 0o700)
    os.chown(folder, uid, -1)
    os.mknod(f"{folder}/{gone}.sock", 0o600 | stat.S_IFSOCK)
    os.chown(f"{folder}/{gone}.sock", uid, -1)
    t.passed(t.run("healthy", ["true"], outputs=False))
    t.check(not os.path.exists(folder), "the folder is still there")


@test
def root_makes_no_socket_where_somebody_else_leads(t):
    who.needs_root(t)
    os.mkdir(t.path("theirs"))
    os.mkdir(t.path("roots"))
    os.symlink(t.path("roots"), t.path("theirs/way"))
    os.lchown(t.path("theirs/way"), harness.NOBODY, harness.NOBODY)
    run = t.run("healthy", ["true"], outputs=False,
                options=["--control", f"unix:{t.path('theirs/way')}/c.sock"])
    t.equal(run.status, 125, "exit status")
    t.contains(run.errors, "belongs to another user", "what is said")
    run = t.run("healthy", ["true"], outputs=False,
                options=["--control", f"unix:{t.path('roots')}/c.sock"])
    t.equal(run.status, 0, "exit status without a link")


@test
def a_name_that_is_none_is_refused(t):
    for name in ("a..b", "-a", "a.-b", "a" * 64):
        run = t.run(None, ["true"], outputs=False, options=["--peer", f"{name}=healthy"])
        t.equal(run.status, 125, f"exit status ({name})")
