"""Programs behind the peer: a process for each connection, and servers inside the run."""

import os
import subprocess

from harness import HARD_LIMIT, PEER, PYTHON, test
from warp_support import alive, below, warp

SHOUT = """
    summary: Shouts back.
    service: {exec: [sh, -c, "echo heard $GHOSTPEER_CLIENT >&2; exec tr a-z A-Z"]}
"""
TALK = r"""
    import socket, sys
    s = socket.create_connection((sys.argv[1], int(sys.argv[2])))
    s.sendall(sys.argv[3].encode())
    s.shutdown(socket.SHUT_WR)
    print(b"".join(iter(lambda: s.recv(65536), b"")).decode(), end="")
"""
# A line is answered, however slowly Python starts on a busy machine.
SERVER = r"""
import socketserver, sys
class One(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(sys.argv[2].encode() + b" " + self.rfile.readline())
class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
print("about to listen", flush=True)
Server(("127.0.0.1", int(sys.argv[1])), One).serve_forever()
"""


def exec_profile(t, command, more=""):
    return t.profile(f"""
        summary: A process.
        service: {{exec: {command}}}
        {more}
    """)


def talk(t, text, name=PEER, port=7):
    return t.python(TALK, name, str(port), text)


def notices(run, what):
    return [notice.text for notice in run.events("notice", what=what)]


# exec --------------------------------------------------------------------------------------------

@test
def exec_is_a_stream(t):
    run = t.passed(t.run(t.profile(SHOUT), talk(t, "hello\n")))
    t.equal(run.text, "HELLO\n", "what the process has made of it")
    heard = notices(run, "process-output")
    t.equal(len(heard), 1, "lines of its standard error")
    t.contains(heard[0], "heard 198.18.0.1:", "the line")
    t.check(run.sent("fin"), "the end of the process has to be the peer's FIN")
    t.equal(notices(run, "process-failed"), [], "failures")


@test
def exec_of_a_program_in_python(t):
    script = t.write("server.py", "import sys\nfor line in sys.stdin:\n"
                                  "    print(len(line), flush=True)\n")
    run = t.passed(t.run(exec_profile(t, f"[{PYTHON}, {script}]"), talk(t, "four\nto\n")))
    t.equal(run.text, "5\n3\n", "what it has answered")


@test
def exec_that_fails_is_told(t):
    for end, words in (("exit 3", "exited with status 3"), ("kill -9 $$", "ended by SIGKILL")):
        run = t.run(exec_profile(t, f"[sh, -c, 'read x; echo so far; {end}']"), talk(t, "x\n"))
        t.passed(run)
        t.equal(run.text, "so far\n", "what it has said before")
        failed = notices(run, "process-failed")
        t.check(len(failed) == 1 and words in failed[0], f"one notice with {words!r}: {failed}")
        t.contains(run.trace.split("ghostpeer: pass")[1], words, "the verdict")


@test
def exec_that_cannot_be_started_refuses(t):
    run = t.run(exec_profile(t, "[/nowhere/at/all]"), t.probe("connect"))
    t.errno(run.call("connect"), "ECONNREFUSED")
    t.contains(" ".join(notices(run, "exec")), "cannot be started: No such file", "the notice")


@test
def exec_has_so_many_processes(t):
    code = t.python("""
        import socket, sys
        held = []
        for i in range(3):
            try:
                s = socket.create_connection((sys.argv[1], 7))
                s.sendall(b"x")
                s.recv(1)
                held.append(s)
            except ConnectionRefusedError:
                print("refused", i)
    """, PEER)
    run = t.run(exec_profile(t, "{command: [cat], processes: 2}"), code)
    t.equal(run.text, "refused 2\n", "which connection is refused")
    t.contains(" ".join(notices(run, "exec")), "(2, `processes`)", "the notice")


@test
def exec_that_does_not_read_closes_the_window(t):
    code = t.python("""
        import socket, sys
        s = socket.create_connection((sys.argv[1], 7))
        s.recv(1)
        s.settimeout(2)
        sent = 0
        try:
            while sent < 64 << 20:
                sent += s.send(bytes(65536))
        except TimeoutError:
            print(sent < 32 << 20)
    """, PEER)
    run = t.run(exec_profile(t, "[sh, -c, 'echo; sleep 30']"), code)
    t.equal(run.text, "True\n", "does the program wait?")
    t.check(run.sent(win=0) or run.sent(window=0), "the peer's window has to close")


@test
def exec_ends_with_its_connection(t):
    profile = exec_profile(t, "[sh, -c, 'trap \"\" TERM; sleep 300 & echo go; wait']")
    run = t.start(profile, t.python("""
        import socket, struct, sys
        s = socket.create_connection((sys.argv[1], 7))
        s.recv(3)
        sys.stdin.readline()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        s.close()
        sys.stdin.readline()
    """, PEER), stdin=subprocess.PIPE)
    seen = t.eventually(lambda: sleepers(run), "the process is there", HARD_LIMIT)
    run.process.stdin.write(b"reset\n")
    run.process.stdin.flush()
    t.eventually(lambda: not any(alive(pid) for pid in seen), "it is gone", HARD_LIMIT)
    t.check(run.process.poll() is None, "COMMAND has to be there still")
    run.finish(stdin=b"end\n")
    t.equal(notices(run, "process-failed"), [], "failures of what was asked to end")


@test
def exec_leaves_nothing_when_ghostpeer_is_killed(t):
    profile = exec_profile(t, "[sh, -c, 'setsid sleep 300 & echo go; sleep 300']")
    run = t.start(profile, t.python("""
        import socket, sys, time
        s = socket.create_connection((sys.argv[1], 7))
        s.recv(3)
        time.sleep(60)
    """, PEER))
    seen = t.eventually(lambda: sleepers(run), "the process is there", HARD_LIMIT)
    run.process.kill()
    run.process.communicate()
    t.eventually(lambda: not any(alive(pid) for pid in seen), "it is gone", 10)


def sleepers(run):
    """The processes of `sleep 300` below a run."""
    found = []
    for pid in below(run.process.pid):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                if file.read().split(b"\0")[:2] == [b"sleep", b"300"]:
                    found.append(pid)
        except OSError:
            continue
    return found


@test
def serve_starts_nothing(t):
    run = t.ghostpeer("serve", t.profile(SHOUT), "--interface", "lo", "--address", "192.0.2.1/32")
    t.equal(run.status, 125, "serve's status")
    t.contains(run.errors, "`serve` is confined and starts no programs", "the message")
    t.contains(run.errors, "profile.yaml:2", "the place")


# servers -----------------------------------------------------------------------------------------

def server_option(t, name="words", port=7000, word="one"):
    script = t.write("server.py", SERVER)
    return ["--server", f"{name}={PYTHON} {script} {port} {word}"]


@test
def a_server_is_inside_the_run(t):
    options = [*server_option(t), "--relay", "words"]
    run = t.passed(t.run(None, talk(t, "hello\n"), options=options))
    t.equal(run.text, "one hello\n", "the server's answer")
    # The fault is PROFILE's.
    run = t.passed(t.run("synack-lost", talk(t, "hello\n"), options=options))
    t.equal(run.text, "one hello\n", "the server's answer, late")
    t.check(run.sent("syn-ack", fate="dropped"), "a SYN-ACK has to be lost")


@test
def servers_have_names(t):
    options = [*server_option(t, "one", 7001, "first"), *server_option(t, "two", 7002, "second"),
               "--relay", "original"]
    command = ["sh", "-c", 'python3 -c "$0" one 7001 "a\n"; python3 -c "$0" two 7002 "b\n"']
    command[2] = command[2].replace("python3", PYTHON)
    code = talk(t, "")[2]
    run = t.passed(t.run(None, [*command, code], options=options))
    t.equal(run.text, "first a\nsecond b\n", "the servers' answers")


@test
def servers_stand_in_a_profile(t):
    script = t.write("server.py", SERVER)
    profile = t.profile(f"""
        summary: A server of the profile's.
        servers:
          words: {{command: [{PYTHON}, {script}, 7000, said], ready: about to listen, port: 7000}}
        service: {{relay: words}}
        rules: [{{on: received 3, do: {{log: three}}}}]
    """)
    # It has said so before it listens: a refusal is a refusal.
    run = t.run(profile, ["sh", "-c", 'for i in 1 2 3 4 5 6 7 8 9 10; do '
                          f'{PYTHON} -c "$0" $1 7 "hi\n" && exit; sleep 0.2; done',
                          talk(t, "")[2], PEER])
    t.passed(run)
    t.equal(run.text, "said hi\n", "the server's answer")


@test
def a_redis_inside(t):
    t.need("redis-server")
    run = t.passed(t.run(
        None, ["redis-cli", "-h", "redis", "set", "a", "b"],
        options=["--server", 'redis=redis-server --port 6379 --save ""', "--relay", "redis"]))
    t.equal(run.text, "OK\n", "redis's answer")


@test
def an_nginx_inside(t):
    t.need("nginx")
    config = t.write("nginx.conf", NGINX)
    os.chmod(config, 0o644)
    run = t.passed(t.run(
        None, ["curl", "-sS", "http://web/"],
        options=["--server", f"web:80=mkdir logs tmp; nginx -p . -e stderr -c {config}",
                 "--relay", "web"]))
    t.equal(run.text, "nginx says so\n", "nginx's answer")


NGINX = """
daemon off;
master_process off;
pid nginx.pid;
events {}
http {
  access_log off;
  client_body_temp_path tmp;
  proxy_temp_path tmp;
  fastcgi_temp_path tmp;
  uwsgi_temp_path tmp;
  scgi_temp_path tmp;
  server { listen 80; location / { return 200 "nginx says so\\n"; } }
}
"""


@test
def what_is_wrong_with_servers_is_told(t):
    cases = (
        (["--server", "a=echo no config; exit 4", "--relay", "a"],
         ("The server a (--server) ended at once, with status 4", "no config")),
        (["--server", "a=kill -9 $$", "--relay", "a"], ("by signal 9",)),
        (["--server", "a:80=sleep 1", "--server", "b:80=sleep 1", "--relay", "a"],
         ("both to listen on the port 80",)),
        (["--server", "a=sleep 1", "--relay", "b"], ("--relay b:2: `relay: b` names a server",
                                                    "there is a", "--server 'b=COMMAND'")),
        (["--server", "a", "healthy"], ("--server needs NAME[:PORT]=COMMAND",)),
    )
    for options, words in cases:
        run = t.ghostpeer("run", *options, "--", "true")
        t.equal(run.status, 125, f"the status with {options}")
        for part in words:
            t.contains(run.errors, part, f"the message with {options}")
    profile = t.profile("""
        summary: Never listens.
        servers: {deaf: {command: "echo I wait; sleep 60", port: 99, within: 300ms}}
        service: {relay: deaf}
    """)
    run = t.ghostpeer("run", profile, "--", "true")
    t.equal(run.status, 125, "the status for a server that does not listen")
    t.contains(run.errors, "does not listen on the port 99 after 300 ms", "the message")
    t.contains(run.errors, "I wait", "what it has printed")


@test
def a_server_that_ends_is_told(t):
    script = t.write("once.py", SERVER.replace("serve_forever()", "handle_request()")
                     + "\nimport os\nprint('I leave', flush=True)\nos._exit(9)\n")
    run = t.run(None, ["sh", "-c", f'{PYTHON} -c "$0" $1 7 "hi\n"; sleep 1', talk(t, "")[2], PEER],
                options=["--server", f"words={PYTHON} {script} 7000 x", "--relay", "words"])
    ended = notices(run, "server-ended")
    t.check(len(ended) == 1 and "with status 9" in ended[0] and "I leave" in ended[0],
            f"one notice of its end: {ended}")
    t.contains(run.trace.split("ghostpeer: pass")[1], "with status 9", "the verdict")


# In virtual time ---------------------------------------------------------------------------------

@test
def warp_exec(t):
    run = warp(t, t.profile(SHOUT), talk(t, "hello\n"))
    t.passed(run)
    t.equal(run.text, "HELLO\n", "what the process has made of it")


@test
def warp_server(t):
    runs = [warp(t, "synack-lost", talk(t, "hello\n"), *server_option(t), "--relay", "words",
                 "--rtt", "10ms", "--free-work", "30s") for _ in range(2)]
    for run in runs:
        t.passed(run)
        t.equal(run.text, "one hello\n", "the server's answer")
    first, second = (run.segments() for run in runs)
    t.equal([(s.dir, s.flags, s.len) for s in first], [(s.dir, s.flags, s.len) for s in second],
            "the segments of two runs")
    # A look at the clock costs half a microsecond of virtual time, and Python may look once more.
    off = max(abs(a.t - b.t) for a, b in zip(first, second))
    t.check(off < 100e-6, f"the times of the second run are off by {off} s")


@test
def warp_redis(t):
    t.need("redis-server")
    run = warp(t, None, ["redis-cli", "-h", "redis", "set", "a", "b"], "--server",
               'redis=redis-server --port 6379 --save ""', "--relay", "redis")
    t.passed(run)
    t.equal(run.text, "OK\n", "redis's answer")
