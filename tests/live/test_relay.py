"""Real servers behind the peer: PostgreSQL, nginx with TLS, redis and plain sockets, whole and
struck in the middle of an answer."""

import hashlib
import socket
import struct
import time

import relay_support as servers
from harness import PEER, PEER6, test
from test_data import ECHO

# What strikes once so many bytes of answers have been acknowledged.
FAULTS = {
    "blackholed": "{on: sent 20KB, do: blackhole}",
    "reset": "{on: sent 20KB, do: reset}",
    # The peer lives and answers probes, but nothing more of the answer comes.
    "stalled": "{on: send data, when: {sent: '>= 20000'}, do: drop}",
}


def relay(t, port, rules="", host="127.0.0.1"):
    return t.profile(f"""
        summary: A real server, for a while.
        service: {{relay: "{host}:{port}"}}
        rules: [{rules}]
    """, name=f"relay-{port}.yaml")


# PostgreSQL --------------------------------------------------------------------------------------

ROWS = 40_000
QUERY = f"select i, md5(i::text) from generate_series(1, {ROWS}) i"
ANSWER = "".join(f"{i}|{hashlib.md5(str(i).encode()).hexdigest()}\n" for i in range(1, ROWS + 1))


def psql(t, options="", name="db.example"):
    return [servers.postgres_program("psql"), "-X", "-At",
            "-d", f"host={name} port=5432 user=tester dbname=postgres gssencmode=disable {options}",
            "-c", QUERY]


def ask_postgres(t, rules, command):
    profile = relay(t, servers.postgres(), rules)
    return t.run(None, command, options=["--peer", f"db.example:5432={profile}"])


@test
def postgres_answers(t):
    run = t.passed(ask_postgres(t, "", psql(t)))
    t.check(run.text == ANSWER, f"the answer has {len(run.text)} bytes, or others than expected")
    t.equal(run.events("attempt")[0].dst, f"{PEER}:5432", "the address dialled")


@test
def postgres_blackholed(t):
    run = ask_postgres(t, FAULTS["blackholed"], psql(
        t, "keepalives_idle=1 keepalives_interval=1 keepalives_count=2 tcp_user_timeout=0"))
    t.equal(run.status, 2, "psql's status for a lost connection")
    t.contains(run.errors, "Connection timed out", "psql's message")
    t.check(run.received("keepalive-probe"), "psql's kernel has to probe the silent peer")


@test
def postgres_reset(t):
    run = ask_postgres(t, FAULTS["reset"], psql(t))
    t.equal(run.status, 2, "psql's status for a lost connection")
    t.contains(run.errors, "server closed the connection unexpectedly", "psql's message")
    t.check(run.sent("rst", fate="sent"), "the peer's RST")


@test
def postgres_stalled(t):
    run = ask_postgres(t, FAULTS["stalled"], ["timeout", "4", *psql(
        t, "keepalives_idle=1 keepalives_interval=1 keepalives_count=2")])
    t.equal(run.status, 124, "psql waits: its peer lives")
    t.check(run.sent("keepalive-reply", fate="sent"), "the peer has to answer probes")
    t.check(run.sent("data", fate="dropped"), "data has to be lost")


# nginx -------------------------------------------------------------------------------------------

def ask_nginx(t, rules, *options):
    t.need("curl")
    port, certificate = servers.nginx()
    profile = relay(t, port, rules)
    output = t.path("page")
    run = t.run(None, ["curl", "-sS", "--cacert", certificate, "-o", output, *options,
                       "https://shop.example/page"],
                options=["--peer", f"shop.example:443={profile}"])
    try:
        with open(output, "rb") as file:
            return run, file.read()
    except OSError:
        return run, b""


@test
def nginx_answers_with_tls(t):
    run, page = ask_nginx(t, "")
    t.passed(run)
    t.check(page == servers.PAGE, f"the page has {len(page)} bytes, or others than expected")


@test
def nginx_blackholed(t):
    run, page = ask_nginx(t, FAULTS["blackholed"], "--max-time", "3")
    t.equal(run.status, 28, "curl's status for a timeout")
    t.check(0 < len(page) < len(servers.PAGE), f"{len(page)} bytes of a page that is cut")


@test
def nginx_reset(t):
    run, page = ask_nginx(t, FAULTS["reset"])
    t.equal(run.status, 56, "curl's status for a connection that is reset")
    t.contains(run.errors, "reset by peer", "curl's message")
    t.check(0 < len(page) < len(servers.PAGE), f"{len(page)} bytes of a page that is cut")


@test
def nginx_stalled(t):
    run, page = ask_nginx(t, FAULTS["stalled"], "--speed-limit", "1", "--speed-time", "2")
    t.equal(run.status, 28, "curl's status for a transfer that is too slow")
    t.contains(run.errors, "too slow", "curl's message")
    t.check(0 < len(page) < len(servers.PAGE), f"{len(page)} bytes of a page that is cut")


# redis -------------------------------------------------------------------------------------------

VALUE = "0123456789abcdef" * 8192


def ask_redis(t, rules, *prefix):
    t.need("redis-cli")
    port = servers.redis()
    with socket.create_connection(("127.0.0.1", port)) as s:
        s.sendall(f"*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n${len(VALUE)}\r\n{VALUE}\r\n".encode())
        t.equal(s.recv(100), b"+OK\r\n", "redis' answer to SET")
    profile = relay(t, port, rules)
    return t.run(None, [*prefix, "redis-cli", "-h", "cache.example", "GET", "key"],
                 options=["--peer", f"cache.example:6379={profile}"])


@test
def redis_answers(t):
    run = t.passed(ask_redis(t, ""))
    t.check(run.text == VALUE + "\n", f"{len(run.text)} bytes, or others than expected")


@test
def redis_blackholed(t):
    run = ask_redis(t, FAULTS["blackholed"], "timeout", "3")
    t.equal(run.status, 124, "redis-cli has no timeout of its own")
    t.equal(run.text, "", "output")


@test
def redis_reset(t):
    run = ask_redis(t, FAULTS["reset"])
    t.check(run.status != 0, "redis-cli has to fail")
    t.contains(run.errors + run.text, "reset by peer", "redis-cli's message")


@test
def redis_stalled(t):
    run = ask_redis(t, FAULTS["stalled"], "timeout", "3")
    t.equal(run.status, 124, "redis-cli has no timeout of its own")
    t.check(run.sent("data", fate="dropped"), "data has to be lost")


# Plain sockets -----------------------------------------------------------------------------------

@test
def echo_is_exact_both_ways(t):
    with servers.Listener(servers.echo) as server:
        run = t.passed(t.run(relay(t, server.port),
                             t.python(ECHO, PEER, str(8 << 20), "11")))
        t.equal(run.text.split(), [str(8 << 20), "True"], "bytes, and whether they are the right ones")
        t.equal(server.accepted, 1, "connections to the real server")


@test
def echo_over_ipv6(t):
    with servers.Listener(servers.echo) as server:
        run = t.passed(t.run(relay(t, server.port), t.python(ECHO, PEER6, "300000", "3")))
        t.equal(run.text.split(), ["300000", "True"], "bytes, and whether they are the right ones")


@test
def a_name_is_looked_up(t):
    with servers.Listener(servers.echo) as server:
        # localhost may be ::1 first: then the next address is tried.
        run = t.passed(t.run(relay(t, server.port, host="localhost"),
                             t.python(ECHO, PEER, "1000", "3")))
        t.equal(run.text.split(), ["1000", "True"], "bytes, and whether they are the right ones")


@test
def refused_is_refused(t):
    run = t.run(relay(t, servers.free_port()), t.probe("connect"))
    t.equal(run.call("connect").errno, "ECONNREFUSED", "connect()")
    t.equal(len(run.received("syn")), 1, "SYNs")
    t.check(run.sent("rst"), "the peer's RST")
    t.check(run.events("notice", what="relay", text=lambda x: "Connection refused" in x),
            "a notice about the real server")


@test
def unknown_host_is_unreachable(t):
    run = t.run(relay(t, 80, host="nosuch.invalid"), t.probe("connect"), limit=50)
    t.equal(run.call("connect").errno, "EHOSTUNREACH", "connect()")
    t.check(run.events("notice", what="relay", text=lambda x: "nosuch.invalid" in x),
            "a notice about the name")


@test
def original_leads_nowhere_for_the_peers_own_address(t):
    profile = t.profile("""
        summary: To where the program wants.
        service: {relay: original}
    """)
    run = t.run(profile, t.probe("connect"))
    t.equal(run.call("connect").errno, "EHOSTUNREACH", "connect()")
    t.check(run.events("notice", what="relay", text=lambda x: "an address of the peer's own" in x),
            "a notice about the address")


@test
def a_reset_of_the_real_server_is_passed_on(t):
    def serve(connection):
        connection.recv(100)
        connection.sendall(b"half an ans")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with servers.Listener(serve) as server:
        run = t.run(relay(t, server.port), t.python("""
            import socket
            s = socket.create_connection(("198.18.0.2", 80))
            s.sendall(b"question")
            print(s.recv(100).decode())
            try:
                print(s.recv(100))
            except ConnectionResetError:
                print("reset")
        """))
    t.passed(run)
    t.equal(run.text.split("\n")[:2], ["half an ans", "reset"], "what the program saw")


@test
def a_reset_of_the_program_is_passed_on(t):
    seen = []

    def serve(connection):
        connection.sendall(b"x")
        try:
            seen.append(connection.recv(100))
        except ConnectionResetError:
            seen.append("reset")

    with servers.Listener(serve) as server:
        t.passed(t.run(relay(t, server.port), t.python("""
            import socket, struct
            s = socket.create_connection(("198.18.0.2", 80))
            s.recv(1)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            s.close()
        """)))
        t.eventually(lambda: seen, "the real server sees an end")
        t.equal(seen, ["reset"], "what the real server saw")


@test
def half_close_of_the_program(t):
    def serve(connection):
        total = 0
        while data := connection.recv(65536):
            total += len(data)
        connection.sendall(b"%d bytes" % total)

    with servers.Listener(serve) as server:
        run = t.passed(t.run(relay(t, server.port), t.python("""
            import socket
            s = socket.create_connection(("198.18.0.2", 80))
            s.sendall(b"x" * 100_000)
            s.shutdown(socket.SHUT_WR)
            print(s.recv(100).decode(), s.recv(100))
        """)))
    t.equal(run.text.strip(), "100000 bytes b''", "what the program saw")


@test
def half_close_of_the_real_server(t):
    seen = []

    def serve(connection):
        connection.sendall(b"all I have")
        connection.shutdown(socket.SHUT_WR)
        data = b""
        while piece := connection.recv(100):
            data += piece
        seen.append(data)

    with servers.Listener(serve) as server:
        t.passed(t.run(relay(t, server.port), t.python("""
            import socket
            s = socket.create_connection(("198.18.0.2", 80))
            assert s.recv(100) == b"all I have"
            assert s.recv(100) == b""
            s.sendall(b"thanks")
            s.close()
        """)))
        t.eventually(lambda: seen, "the real server sees an end")
        t.equal(seen, [b"thanks"], "what the real server saw after its FIN")


@test
def the_end_of_the_real_server_is_awaited(t):
    with servers.Listener(servers.echo) as server:
        run = t.passed(t.run(relay(t, server.port), t.python("""
            import socket
            s = socket.create_connection(("198.18.0.2", 80))
            s.sendall(b"x")
            s.recv(1)
        """)))
    # COMMAND is gone by then, but its kernel is not.
    t.check(run.sent("fin"), "the real server's FIN")
    t.check(run.events("state", to="closed"), "both sides have finished")


@test
def two_hundred_connections_at_once(t):
    with servers.Listener(servers.echo) as server:
        run = t.passed(t.run(relay(t, server.port), t.python("""
            import asyncio, random
            async def one(number):
                reader, writer = await asyncio.open_connection("198.18.0.2", 80)
                await barrier()
                data = random.Random(number).randbytes(20_000 + number)
                writer.write(data)
                assert await reader.readexactly(len(data)) == data
                writer.close()
                return 1
            here, gate = 0, asyncio.Event()
            async def barrier():
                global here
                here += 1
                if here == 200:
                    gate.set()
                await gate.wait()
            async def main():
                print(sum(await asyncio.gather(*(one(n) for n in range(200)))))
            asyncio.run(main())
        """)))
        t.equal(run.text.strip(), "200", "connections that were served at the same time")
        t.equal(server.accepted, 200, "connections to the real server")


@test
def a_real_server_that_does_not_read_closes_the_window(t):
    with servers.Listener(lambda connection: time.sleep(30), receive_buffer=65536) as server:
        run = t.run(relay(t, server.port), t.python("""
            import select, socket
            s = socket.create_connection(("198.18.0.2", 80))
            s.setblocking(False)
            sent = 0
            while select.select([], [s], [], 1.0)[1]:
                sent += s.send(b"x" * 65536)
            print(sent)
        """))
    t.equal(run.status, 0, "status")
    t.check(run.sent(win=0, fate="sent"), "the peer has to close its window")
    t.check(int(run.text) < 32 << 20, f"{run.text} bytes were taken of a server that does not read")


@test
def a_program_that_does_not_read_stops_the_real_server(t):
    sent = []

    def serve(connection):
        connection.settimeout(1.0)
        total = 0
        try:
            while total < 64 << 20:
                total += connection.send(b"x" * 65536)
        except OSError:
            pass
        sent.append(total)

    with servers.Listener(serve) as server:
        t.passed(t.run(relay(t, server.port), t.python("""
            import socket, time
            s = socket.create_connection(("198.18.0.2", 80))
            time.sleep(3)
        """)))
        t.eventually(lambda: sent, "the real server gives up")
        t.check(sent[0] < 32 << 20, f"the real server could send {sent} bytes")


@test
def no_relay_in_warp(t):
    run = t.ghostpeer("run", "--warp", relay(t, 80), "--", "true")
    t.equal(run.status, 125, "status")
    t.contains(run.errors, "a run with --warp has none", "the message")
