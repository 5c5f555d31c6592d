"""The catalogue's servers to build on, each met by a real client, in real time and with --warp."""

import re

from harness import PEER, test
from warp_support import warp

# What a client is asked to do, and what it prints when all went well: (profile, program, command,
# pattern of its output, options).
CLIENTS = {
    "http": ("http-keepalive", "curl", [
        "curl", "-sS", "--max-time", "{limit}", f"http://{PEER}/1", f"http://{PEER}/2",
        "--next", "-sS",
        "-d", "a body", f"http://{PEER}/3", "--next", "-sS", "-H", "Transfer-Encoding: chunked",
        "-d", "in chunks", f"http://{PEER}/4", "--next", "-sS", "-I", f"http://{PEER}/5"],
        r"(ok\s+){4}HTTP/1.1 200 OK", ()),
    "smtp": ("smtp", "curl", [
        "sh", "-c", "printf 'Subject: one\\r\\n\\r\\nhello\\r\\n' | curl -sS -v --max-time {limit} "
        f"smtp://{PEER} --mail-from a@mail.example --mail-rcpt b@mail.example -T - 2>&1"],
        r"250 2.0.0 Taken", ()),
    "pop3": ("pop3", "curl", ["curl", "-sS", "--max-time", "{limit}", f"pop3://u:p@{PEER}/1"],
             r"Subject: one", ()),
    "ftp": ("ftp", "curl", ["curl", "-sS", "--max-time", "{limit}", f"ftp://{PEER}/"], r"hello",
            ("--peer", ":2121=ftp-data")),
    "redis": ("redis", "redis-cli", [
        "sh", "-c", "printf 'ping\\nset a 1\\nget a\\ninfo\\n' | "
        f"timeout {{limit}} redis-cli -h {PEER}"],
        r"PONG\s+OK\s+\"?hello\"?\s+# Server\s+redis_version:5", ()),
    "postgresql": ("postgresql", "psql", [
        "psql", f"host={PEER} user=u dbname=d connect_timeout={{limit}}", "-Atc", "select 1"],
        r"^1$", ()),
    "mysql": ("mysql", "mysql", [
        "mysql", "-h", PEER, "-u", "u", "-psecret", "--connect-timeout={limit}", "-Ne", "select 1"],
        r"^1$", ()),
    "mqtt": ("mqtt", "mosquitto_pub", [
        "timeout", "{limit}", "mosquitto_pub", "-d", "-h", PEER, "-t", "a/b", "-m", "hello",
        "-q", "1"],
        r"received PUBACK", ()),
    "mqtt twice": ("mqtt", "mosquitto_pub", [
        "timeout", "{limit}", "mosquitto_pub", "-d", "-h", PEER, "-t", "a/b", "-m", "hello",
        "-q", "2"],
        r"received PUBCOMP", ()),
    "amqp": ("amqp", "amqp-publish", [
        "timeout", "{limit}", "amqp-publish", "-u", f"amqp://{PEER}/", "-r", "q", "-b", "hello"],
        r"", ()),
    "ssh": ("ssh-banner", "ssh", [
        "sh", "-c", f"timeout {{short}} ssh -v -F none -o BatchMode=yes u@{PEER} true 2>&1; true"],
        r"remote software version OpenSSH_9.2", ()),
    "proxy": ("http-proxy", "curl", [
        "curl", "-sS", "--max-time", "{limit}", "-p", "-x", f"http://{PEER}:3128",
        "http://web.test/"],
        r"ok", ()),
    "socks": ("socks5", "curl", [
        "curl", "-sS", "--max-time", "{limit}", "-x", f"socks5h://{PEER}", "http://web.test/"],
        r"ok", ()),
}

# A client of RFC 6455 in node's own words: what `ws` does, without a package.
WEBSOCKET = """
    const http = require('http'), crypto = require('crypto');
    const key = crypto.randomBytes(16).toString('base64');
    http.get({host: '%s', headers: {Connection: 'Upgrade', Upgrade: 'websocket',
              'Sec-WebSocket-Key': key, 'Sec-WebSocket-Version': 13}})
        .on('upgrade', (response, socket, head) => {
      const wanted = crypto.createHash('sha1')
          .update(key + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11').digest('base64');
      console.log(response.headers['sec-websocket-accept'] === wanted);
      const frame = (kind, text) => Buffer.concat([
          Buffer.from([kind, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)]);
      socket.write(frame(0x81, 'hi'));
      socket.on('data', data => {
        if (data[0] === 0x81) {
          console.log(data.subarray(2).toString());
          socket.write(frame(0x88, ''));
        } else if (data[0] === 0x88) {
          console.log('closed');
        }
      });
      socket.on('end', () => socket.end());
    });
"""


def meet(t, name, run, limit, short):
    profile, program, command, wanted, options = CLIENTS[name]
    t.need(program)
    command = [one.replace("{limit}", str(limit)).replace("{short}", str(short))
               for one in command]
    done = t.passed(run(profile, command, options))
    t.check(re.search(wanted, done.text, re.M), f"{wanted!r} in what {program} says: {done.text}"
            f"{done.errors}")
    t.equal([e.text for e in done.events("notice") if e.what == "unexpected-input"], [],
            "input that the script has no word for")


def natively(t, name):
    meet(t, name, lambda profile, command, options: t.run(profile, command, options=list(options)),
         limit=9, short=2)


def virtually(name):
    """A busy machine costs a client of virtual time more of it: its limits are wide."""
    @test
    def client(t):
        meet(t, name, lambda profile, command, options: warp(t, profile, command, *options),
             limit=300, short=60)
    return client


for _name in CLIENTS:
    globals()[f"{_name.replace(' ', '_')}_in_virtual_time"] = virtually(_name)


@test
def http(t):
    natively(t, "http")


@test
def smtp(t):
    natively(t, "smtp")


@test
def pop3(t):
    natively(t, "pop3")


@test
def ftp(t):
    natively(t, "ftp")


@test
def redis(t):
    natively(t, "redis")


@test
def postgresql(t):
    natively(t, "postgresql")


@test
def mysql(t):
    natively(t, "mysql")


@test
def mqtt(t):
    natively(t, "mqtt")
    natively(t, "mqtt twice")


@test
def amqp(t):
    natively(t, "amqp")


@test
def ssh(t):
    natively(t, "ssh")


@test
def proxies(t):
    natively(t, "proxy")
    natively(t, "socks")


@test
def websocket(t):
    t.need("node")
    run = t.passed(t.run("websocket", ["node", "-e", WEBSOCKET % PEER]))
    t.equal(run.text.split(), ["true", "hello", "closed"], "accept key, message, close")


@test
def websocket_in_virtual_time(t):
    t.need("node")
    run = t.passed(warp(t, "websocket", ["node", "-e", WEBSOCKET % PEER]))
    t.equal(run.text.split(), ["true", "hello", "closed"], "accept key, message, close")


# Faults in a conversation -------------------------------------------------------------------


@test
def what_the_script_has_no_word_for_fails_the_run(t):
    profile = t.profile("""
        summary: Knows one word.
        service:
          script:
            - loop: [{in: line, when: {PING: {say: "PONG\\r\\n"}, QUIT: close}}]
    """)
    words = "printf 'HELLO\\r\\nPING\\r\\nQUIT\\r\\n'"
    run = t.run(profile, ["sh", "-c", f"{words} | nc -w 5 {PEER} 80"])
    t.equal(run.text, "PONG\r\n", "the connection goes on")
    t.equal(run.status, 123, "exit status")
    t.contains(run.trace, 'waited for a line with "PING" or "QUIT", and "HELLO\\r\\n" came')


@test
def a_login_that_ends_in_silence(t):
    """The second request of a Redis client is never answered: its own time limit has to end it."""
    t.need("redis-cli")
    profile = t.profile("""
        summary: Answers one PING.
        service:
          script:
            - expect: "DOCS\\r\\n"
            - say: "*0\\r\\n"
            - expect: "ping\\r\\n"
            - say: "+PONG\\r\\n"
        expect: [{attempts: 1}]
    """)
    run = t.run(profile, ["sh", "-c", "printf 'ping\\nping\\n' | timeout 2 redis-cli -h "
                          f"{PEER}; echo $?"])
    t.equal(run.text.split(), ["PONG", "124"], "what redis-cli says, and that it was ended")


@test
def the_answer_to_a_whole_mail_is_lost(t):
    """At the bytes that end the mail, however the client cuts them."""
    t.need("curl")
    profile = t.profile(r"""
        summary: Dies when the whole mail is there.
        extends: smtp
        rules:
          - {on: 'received /\r\n\.\r\n/', do: reset}
          - {on: response 1, do: {log: the answer to EHLO}}
        expect:
          - {see: receive data, when: {payload: "/^MAIL FROM/"}, times: 1}
          - {never: receive data, when: {payload: QUIT}}
    """)
    run = t.run(profile, ["curl", "-sS", f"smtp://{PEER}", "--mail-from", "a@mail.example",
                          "--mail-rcpt", "b@mail.example", "-T", "-"],
                stdin=b"Subject: one\r\n\r\nhello\r\n")
    t.equal(run.status, 56, "exit status: what curl makes of it")
    t.contains(run.trace, "the answer to EHLO")


@test
def the_second_request_not_the_second_segment(t):
    """Python sends a POST's header and body in two segments: `nth: 2` hits its first request."""
    profile = t.profile("""
        summary: The second answer never comes.
        extends: http-keepalive
        rules: [{on: response 2, do: reset}]
    """)
    run = t.run(profile, t.python(f"""
        import http.client
        c = http.client.HTTPConnection("{PEER}", 80)
        for n in range(2):
            try:
                c.request("POST", "/", body=b"x" * 100)
                print(c.getresponse().read())
            except OSError as e:
                print(type(e).__name__)
    """))
    t.equal(run.text.split(), [r"b'ok\n'", "ConnectionResetError"], "the two requests")


@test
def a_request_that_is_sent_twice(t):
    """Where the answer is lost a client that repeats a POST does it twice."""
    profile = t.profile("""
        summary: Takes a request and dies.
        extends: http-keepalive
        rules: [{on: response 1, do: reset}]
        expect: [{never: {repeated: request}}]
    """)

    def post(*bodies):
        return t.run(profile, t.python(f"""
            import http.client, sys
            for body in sys.argv[1:]:
                c = http.client.HTTPConnection("{PEER}", 80)
                try:
                    c.request("POST", "/", body=body)
                    c.getresponse()
                except OSError as e:
                    print(type(e).__name__)
        """, *bodies))
    t.passed(post("one", "two"))
    run = post("one", "one")
    t.equal(run.status, 123, "exit status")
    t.contains(run.trace, "expected `repeated request` never")


@test
def a_client_by_script(t):
    profile = t.profile("""
        summary: A client that asks, reads the answer and hangs up.
        role: client
        client: {port: 8080}
        service:
          script:
            - say: "GET / HTTP/1.0\\r\\n\\r\\n"
            - expect: "hello"
            - close
        rules: [{on: [enter time-wait, enter closed], do: finish}]
    """)
    run = t.run(profile, ["sh", "-c", "printf 'HTTP/1.0 200 OK\\r\\n\\r\\nhello' | nc -l 8080"])
    t.equal(run.text, "GET / HTTP/1.0\r\n\r\n", "what the server reads")
    t.passed(run)
