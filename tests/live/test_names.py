"""Names: those of `--peer` and no others, and with `relay: original` all that the host knows."""

import os

from harness import PEER, PYTHON, test

# A resolver of a few lines: prints the outcome and the addresses of each question.
RESOLVER = r"""
    import socket, struct, sys
    def question(name, kind):
        labels = b"".join(bytes([len(x)]) + x.encode() for x in name.split("."))
        return struct.pack("!6H", 4711, 0x100, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!2H", kind, 1)
    def by_udp(server, message):
        with socket.socket(socket.AF_INET6 if ":" in server else socket.AF_INET,
                           socket.SOCK_DGRAM) as s:
            s.settimeout(10)
            s.connect((server, 53))
            s.send(message)
            return s.recv(65536)
    def exactly(s, n):
        data = b""
        while len(data) < n:
            piece = s.recv(n - len(data))
            assert piece, "the name server has closed the connection"
            data += piece
        return data
    def by_tcp(server, message):
        with socket.create_connection((server, 53), timeout=10) as s:
            s.sendall(struct.pack("!H", len(message)) + message)
            return exactly(s, struct.unpack("!H", exactly(s, 2))[0])
    for argument in sys.argv[1:]:
        how, server, name, kind = argument.split("/")
        message = question(name, int(kind))
        answer = {"udp": by_udp, "tcp": by_tcp}[how](server, message)
        number, flags, questions, answers = struct.unpack("!4H", answer[:8])
        assert (number, questions) == (4711, 1) and flags & 0x8000
        at, found = len(message), []
        for _ in range(answers):
            while answer[at] and answer[at] < 192:
                at += answer[at] + 1
            at += 2 if answer[at] else 1
            kind, _, _, size = struct.unpack("!HHIH", answer[at:at + 10])
            data = answer[at + 10:at + 10 + size]
            at += 10 + size
            found.append(socket.inet_ntop(socket.AF_INET6 if size == 16 else socket.AF_INET, data))
        print(argument, flags & 15, "truncated" if flags & 0x200 else "-", *found)
"""


def ask(t, *questions, options=(), profile="healthy"):
    run = t.passed(t.run(profile, t.python(RESOLVER, *questions), options=options))
    return [line.split(" ", 1)[1] for line in run.text.splitlines()], run


@test
def names_of_peers(t):
    answers, _ = ask(
        t, "udp/198.18.0.2/db.example/1", "udp/8.8.8.8/DB.Example/1", "udp/2001:2::2/db.example/1",
        "tcp/198.18.0.2/db.example/1", "tcp/9.9.9.9/db.example/1", "udp/198.18.0.2/db.example/28",
        "udp/198.18.0.2/db.example/255", "udp/198.18.0.2/db.example/15",
        options=["--peer", "db.example=healthy"])
    address = "0 - 198.18.0.3"
    t.equal(answers, [address] * 5 + ["0 -", address, "0 -"], "answers")


@test
def names_of_both_families(t):
    answers, _ = ask(t, "udp/198.18.0.2/db.example/1", "udp/198.18.0.2/db.example/28",
                     "udp/198.18.0.2/db.example/255",
                     options=["--peer", "db.example=healthy", "--family", "both"])
    t.equal(answers, ["0 - 198.18.0.3", "0 - 2001:2::3", "0 - 198.18.0.3 2001:2::3"], "answers")


@test
def other_names_do_not_exist(t):
    answers, run = ask(t, "udp/198.18.0.2/nosuch.example/1", "tcp/198.18.0.2/nosuch.example/28")
    t.equal(answers, ["3 -"] * 2, "answers")
    notices = run.events("notice", what="unknown-name")
    t.equal(len(notices), 1, "notices about the name")
    t.contains(notices[0].text, "--peer nosuch.example=PROFILE", "the notice")


@test
def the_c_library_asks_the_peer(t):
    run = t.passed(t.run("healthy", t.python("""
        import socket, time
        with open("/etc/resolv.conf") as file:
            print([x.split() for x in file if x.startswith("nameserver")])
        started = time.monotonic()
        try:
            socket.getaddrinfo("nosuch.example", 80)
        except socket.gaierror as error:
            print(error.errno == socket.EAI_NONAME, time.monotonic() - started < 3)
    """)))
    if os.path.exists("/etc/resolv.conf"):
        t.equal(run.text.split("\n")[0], f"[['nameserver', '{PEER}']]", "name servers")
    t.equal(run.text.split("\n")[1], "True True", "the name is unknown, and at once")


@test
def folders_are_as_outside(t):
    """What stands over /etc/resolv.conf and /etc/hosts comes from a place that COMMAND does not see."""
    def mounted(lines):
        return {line.split()[4] for line in lines.splitlines()}
    with open("/proc/self/mountinfo", encoding="utf-8") as file:
        outside = mounted(file.read())
    for options in ((), ("--peer", "db.local:80=healthy")):
        run = t.passed(t.run("healthy", ["cat", "/proc/self/mountinfo", "/etc/hosts"], options=options))
        t.equal("db.local" in run.text, bool(options), "the name in /etc/hosts")
        inside = mounted(run.text[:run.text.rindex(" - ")])
        found = (inside - outside) & {"/tmp", "/run", "/dev/shm", "/mnt", "/etc"}
        t.equal(found, set(), f"what covers folders, with {options}")


@test
def other_datagrams_are_still_refused(t):
    run = t.passed(t.run("healthy", t.python("""
        import socket
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.settimeout(10)
        s.connect(("198.18.0.2", 123))
        s.send(b"what time is it")
        try:
            s.recv(1)
        except ConnectionRefusedError:
            print("refused")
    """)))
    t.equal(run.text, "refused\n", "what the program saw")


@test
def a_peer_of_port_53_is_that(t):
    run = t.run("healthy", t.probe("connect", port=53), options=["--peer", ":53=refuse"])
    t.equal(run.call("connect").errno, "ECONNREFUSED", "connect()")


@test
def malformed_questions(t):
    run = t.passed(t.run("healthy", t.python(r"""
        import random, socket, struct
        dice = random.Random(9)
        head = struct.pack("!6H", 7, 0x100, 1, 0, 0, 0)
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.connect(("198.18.0.2", 53))
        for junk in (b"", b"x", head[:11], head, head + b"\xc0\x0c\0\1\0\1", head + b"\x3f",
                     head + b"\1a\xc0\x0c\0\1\0\1", head + b"\1a" * 30000 + b"\0\0\1\0\1",
                     *(head + dice.randbytes(dice.randrange(100)) for _ in range(500)),
                     *(dice.randbytes(dice.randrange(100)) for _ in range(500))):
            s.send(junk)
        for junk in (b"\0\0" * 1000, b"\xff\xff" + dice.randbytes(70000), dice.randbytes(100_000)):
            with socket.create_connection(("198.18.0.2", 53)) as c:
                c.settimeout(10)
                c.sendall(junk)
                c.shutdown(socket.SHUT_WR)
                while c.recv(65536):
                    pass
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.settimeout(10)
        s.connect(("198.18.0.2", 53))
        s.send(head + b"\1a\0\0\1\0\1")
        print(s.recv(100)[3] & 15)
    """)))
    t.equal(run.text, "3\n", "the outcome of a good question afterwards")


# The host's own names ----------------------------------------------------------------------------

# The host: 192.0.2.10 is svc.example and echoes on port 7000; 192.0.2.53 serves names. Long answers
# are truncated by UDP. It ends when its standard input does.
HOST = r"""
import socket, struct, sys, threading
def answer(query, stream):
    at = 12
    while query[at]:
        at += query[at] + 1
    name, kind = query[12:at], struct.unpack("!H", query[at + 1:at + 3])[0]
    head, flags, found = query[12:at + 5], 0x8180, b""
    if name == b"\3svc\7example" and kind == 1:
        found = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + socket.inet_aton("192.0.2.10")
    elif name == b"\4long\7example" and kind == 1:
        found = b"".join(b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + bytes([10, 0, n >> 8, n & 255])
                         for n in range(200))
    elif name not in (b"\3svc\7example", b"\4long\7example"):
        flags |= 3
    if len(found) > 1000 and not stream:
        flags, found = flags | 0x200, b""
    return query[:2] + struct.pack("!5H", flags, 1, len(found) // 16, 0, 0) + head + found
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind(("192.0.2.53", 53))
tcp, echo = socket.socket(), socket.socket()
tcp.bind(("192.0.2.53", 53))
echo.bind(("192.0.2.10", 7000))
tcp.listen(), echo.listen()
def serve_udp():
    while True:
        query, client = udp.recvfrom(65536)
        udp.sendto(answer(query, False), client)
def serve(listener, one):
    while True:
        connection = listener.accept()[0]
        threading.Thread(target=one, args=(connection,), daemon=True).start()
def names(connection):
    with connection, connection.makefile("rb") as file:
        while size := file.read(2):
            message = answer(file.read(struct.unpack("!H", size)[0]), True)
            connection.sendall(struct.pack("!H", len(message)) + message)
def echoes(connection):
    with connection:
        while data := connection.recv(65536):
            connection.sendall(data)
for target, arguments in ((serve_udp, ()), (serve, (tcp, names)), (serve, (echo, echoes))):
    threading.Thread(target=target, args=arguments, daemon=True).start()
print("ready", flush=True)
sys.stdin.read()
"""

# A network of its own, so that its name server can have port 53 and no name leaves this machine.
IN_A_HOST = """
set -e
ip link set lo up
ip address add 192.0.2.10/32 dev lo
ip address add 192.0.2.53/32 dev lo
mount --bind "$1/resolv.conf" /etc/resolv.conf
mkfifo "$1/alive" "$1/ready"
"$2" "$1/host.py" <"$1/alive" >"$1/ready" &
exec 9>"$1/alive"
read -r answer <"$1/ready"
test "$answer" = ready
shift 2
exec "$@"
"""


def in_a_host(t, profile, command, options=()):
    t.need("ip")
    t.write("host.py", HOST)
    t.write("resolv.conf", "nameserver 192.0.2.54\nnameserver 192.0.2.53\n")
    events = t.path("events.jsonl")
    run = t._spawn(["unshare", "--user", "--map-root-user", "--net", "--mount", "sh", "-c",
                    IN_A_HOST, "sh", t.folder, PYTHON, t.environment.ghostpeer, "run", "--link",
                    t.link, "-o", t.path("trace.txt"), "--events", events, *options, profile,
                    "--", *command], events, t.path("trace.txt"), None, None, {})
    return run.finish()


def original(t, rules=""):
    return t.profile(f"""
        summary: The real service, to where the program wants.
        service: {{relay: original}}
        rules: [{rules}]
    """)


CLIENT = """
    import socket
    s = socket.create_connection(("svc.example", 7000), timeout=20)
    who = s.getpeername()[0]
    got = b""
    try:
        s.sendall(b"x" * 200_000)
        try:
            s.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # a reset has come, and recv() tells of it
        while data := s.recv(65536):
            got += data
    except OSError as error:
        print(error.strerror)
    print(who, len(got))
"""


@test
def a_program_with_its_own_configuration_meets_the_real_service(t):
    run = t.passed(in_a_host(t, original(t), t.python(CLIENT)))
    t.equal(run.text, "192.0.2.10 200000\n", "what the program saw")


@test
def until_the_profile_strikes(t):
    run = in_a_host(t, original(t, "{on: sent 4000, do: reset}"), t.python(CLIENT))
    t.contains(run.text, "Connection reset by peer\n", "what the program saw")


@test
def a_name_of_a_peer_stands_for_the_real_one(t):
    run = t.passed(in_a_host(t, "healthy", t.python(CLIENT),
                             options=["--peer", f"svc.example={original(t)}"]))
    t.equal(run.text, f"{PEER[:-1]}3 200000\n", "what the program saw")


@test
def the_hosts_names_by_udp_and_tcp(t):
    run = t.passed(in_a_host(t, original(t), t.python(
        RESOLVER, "udp/198.18.0.2/svc.example/1", "tcp/198.18.0.2/svc.example/1",
        "udp/198.18.0.2/svc.example/28", "udp/198.18.0.2/nosuch.example/1",
        "udp/198.18.0.2/long.example/1", "tcp/198.18.0.2/long.example/1")))
    answers = [line.split(" ", 1)[1] for line in run.text.splitlines()]
    t.equal(answers[:5], ["0 - 192.0.2.10", "0 - 192.0.2.10", "0 -", "3 -", "0 truncated"],
            "answers")
    t.equal(len(answers[5].split()), 202, "words of the long answer")
