"""Real servers inside a run in virtual time: each answers its client, and a second run is the first
one again, segment by segment. `redis` and servers in Python: test_servers."""

import os
import pwd

from harness import NOBODY, test
from relay_support import postgres_program
from test_servers import NGINX
from warp_support import warp

NODE = """
const http = require('http');
http.createServer((request, response) => {
  let size = 0;
  request.on('data', piece => size += piece.length);
  request.on('end', () => response.end(`node got ${size}\\n`));
}).listen(3000);
"""
MOSQUITTO = """
listener 1883
allow_anonymous true
persistence false
log_dest stderr
"""
# Without PAM an ordinary user's sshd, which may not read /etc/shadow, takes its account for locked.
SSHD = """
Port 2222
HostKey {folder}/host
AuthorizedKeysFile {folder}/user.pub
PidFile none
StrictModes no
UsePAM {pam}
Subsystem sftp internal-sftp
"""
# Work is free for as long as it takes: what a busy machine does is no matter then.
# What looks at the clock cost of virtual time: who draws random numbers may look once more.
LOOKS = 100e-6
# The same of a server that measures its own work in real time, and collects garbage when it likes.
WORKS = 50e-3
EXACT = ("--rtt", "10ms", "--free-work", "60s", "--seed", "1")


def twice(t, command, server, *options, profile=None, exact=True):
    """Two runs that have to be the same, and their output; not `exact`: but for ACKs."""
    runs = [t.passed(warp(t, profile, command, "--server", server,
                          *([] if profile else ["--relay", server.partition("=")[0].split(":")[0]]),
                          *EXACT, *options, wall="150s", limit=170)) for _ in range(2)]
    first, second = ([s for s in run.segments() if exact or s.len or s.flags != "A"]
                     for run in runs)
    t.equal([(s.dir, s.flags, s.len) for s in second], [(s.dir, s.flags, s.len) for s in first],
            "the segments of the second run")
    off = max(abs(a.t - b.t) for a, b in zip(first, second))
    t.check(off < (LOOKS if exact else WORKS), f"the times of the second run are off by {off} s")
    t.equal(runs[1].text, runs[0].text, "the output of the second run")
    return runs[0]


@test
def nginx(t):
    t.need("nginx")
    config = t.write("nginx.conf", NGINX)
    os.chmod(config, 0o644)
    run = twice(t, ["curl", "-sS", "http://web/"],
                f"web:80=mkdir logs tmp; nginx -p . -e stderr -c {config}")
    t.equal(run.text, "nginx says so\n", "nginx's answer")


@test
def node(t):
    t.need("node")
    script = t.write("server.js", NODE)
    run = twice(t, ["curl", "-sS", "-d", "x" * 1000, "http://app:3000/"],
                f"app:3000=node {script}", exact=False)
    t.equal(run.text, "node got 1000\n", "node's answer")


@test
def mosquitto(t):
    t.need("mosquitto_pub")
    config = t.write("mosquitto.conf", MOSQUITTO)
    os.chmod(config, 0o644)
    say = "mosquitto_pub -h broker -i one -r -t news -m hello -q 1"
    hear = "mosquitto_sub -h broker -i two -t news -C 1"
    run = twice(t, ["sh", "-c", f"{say} && {hear}"], f"broker:1883=mosquitto -c {config}")
    t.equal(run.text, "hello\n", "the message")


def database(t):
    """A server of PostgreSQL's, as an ordinary user: it refuses root."""
    t.need("psql")
    initdb = postgres_program("initdb")
    other = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    as_user = [] if t.environment.uid else other
    # Made by the host, which takes a quarter of the time; in the guest: test_warp_users.
    made = t.ghostpeer(*as_user[1:], *([initdb] if as_user else []), "-D", t.path("made"), "-A",
                       "trust", "-U", "me", "-N", "--no-locale",
                       program="setpriv" if as_user else initdb)
    t.equal(made.status, 0, f"the status of initdb ({made.errors})")
    # Nothing outlives the run, so nothing has to reach a disk.
    return (f"db:5432={' '.join(as_user)} sh -c 'cp -r {t.path('made')} data && "
            f"exec {postgres_program('postgres')} -D data -F -k \"\" -h 0.0.0.0 "
            "-c max_connections=8 -c shared_buffers=1MB -c autovacuum=off'")


@test
def postgresql(t):
    run = twice(t, ["psql", "-XAtq", "-h", "db", "-U", "me", "postgres", "-c",
                    "create table a as select generate_series(1, 9) x; select sum(x) from a"],
                database(t), profile=t.profile("""
                    summary: A database, behind a peer that loses a SYN-ACK.
                    service: {relay: db}
                    rules: [{on: send syn-ack, first: 1, do: drop}]
                """))
    t.equal(run.text, "45\n", "the sum")
    t.check(run.sent("syn-ack", fate="dropped"), "a SYN-ACK has to be lost")


@test
def sshd(t):
    t.need("sshd")
    t.need("sftp")
    for name in "host", "user":
        t.ghostpeer("-q", "-t", "ed25519", "-N", "", "-f", t.path(name), program="ssh-keygen")
    config = t.write("sshd_config", SSHD.format(
        folder=t.folder, pam="yes" if t.environment.uid else "no"))
    os.chmod(config, 0o644)
    # root's sshd wants an empty folder there, which a machine that has not started one lacks.
    room = "" if t.environment.uid else "mount -t tmpfs none /run && mkdir /run/sshd && "
    user = pwd.getpwuid(t.environment.uid).pw_name
    client = (f"echo 'ls {t.path('user.pub')}' | sftp -q -b - -P 2222 -i {t.path('user')} "
              "-o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null "
              f"{user}@login")
    run = twice(t, ["sh", "-c", client],
                f"login:2222={room}exec $(command -v sshd) -De -f {config}")
    t.contains(run.text, "user.pub", "what sftp lists")
