"""Real clients of the catalogue's servers to build on, for tests in real and in virtual time."""

import re
import subprocess

from harness import PEER, PYTHON

class Client:
    """What a client is asked to do, and how it is told that all went well."""

    def __init__(self, profile, command, wanted, hears, *, options=(), needs=(), attempts=1):
        self.profile = profile
        self.command = command    # {limit} and {short} are seconds
        self.wanted = wanted      # in its output
        self.hears = hears        # what the peer has to be told: there a fault would hurt
        self.options = options
        self.needs = (command[0], *needs)   # programs, and Python's modules as `import NAME`
        self.attempts = attempts


def shell(line, program):
    return {"command": ["sh", "-c", line], "needs": (program,)}


def python(code, module="sys"):
    lines = code.strip("\n").split("\n")
    margin = min(len(x) - len(x.lstrip()) for x in lines if x.strip())
    return {"command": [PYTHON, "-c", "\n".join(x[margin:] for x in lines)],
            "needs": (f"import {module}",)}


CURL = ["curl", "-sS", "--max-time", "{limit}"]
MAIL = ["--mail-from", "a@mail.example", "--mail-rcpt", "b@mail.example", "-T", "-"]
DATA = ("--peer", ":2121=ftp-data")

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



CLIENTS = {
    "http": Client("http-keepalive", [
        *CURL, f"http://{PEER}/1", f"http://{PEER}/2", "--next", "-sS",
        "-d", "a body", f"http://{PEER}/3", "--next", "-sS", "-H", "Transfer-Encoding: chunked",
        "-d", "in chunks", f"http://{PEER}/4", "--next", "-sS", "-I", f"http://{PEER}/5"],
        r"(ok\s+){4}HTTP/1.1 200 OK", "HEAD /5"),
    # What ends a body in chunks is in the middle of this one.
    "http_chunks": Client(
        "http-keepalive", wanted=r"^ok\nok\n$", hears="GET /after", **shell(
            "printf 'one\\r\\n0\\r\\n\\r\\ntwo' | curl -sS --max-time {limit} -H "
            f"'Transfer-Encoding: chunked' -T - http://{PEER}/ --next -sS http://{PEER}/after",
            "curl")),
    "http_continue": Client(
        "http-keepalive", wanted=r"^ok\nok\n$", hears="the body", **shell(
            f"curl -sS --max-time {{limit}} -H Expect:100-continue -d 'the body' http://{PEER}/1 "
            f"http://{PEER}/2", "curl")),
    "http_close": Client(
        "http-keepalive", [*CURL, "-H", "Connection: close", "-d", "a body", f"http://{PEER}/1",
                           f"http://{PEER}/2"], r"^ok\nok\n$", "POST /2", attempts=2),
    "http_pipelined": Client(
        "http-keepalive", hears="HEAD /3", **shell(
            "printf 'GET /1 HTTP/1.1\\r\\nHost: a\\r\\n\\r\\nPOST /2 HTTP/1.1\\r\\nContent-Length: 4"
            "\\r\\n\\r\\nbodyHEAD /3 HTTP/1.1\\r\\nConnection: close\\r\\n\\r\\n' | "
            f"timeout {{limit}} nc {PEER} 80", "nc"),
        wanted=r"(?s)\A(HTTP/1.1 200 OK\r\n[^\n]*\r\n[^\n]*\r\n[^\n]*\r\n\r\nok\n){2}"
               r"HTTP/1.1 200 OK\r\n.*Connection: close\r\n.*\r\n\r\n\Z"),
    "http_python": Client("http-keepalive", wanted=r"^b'ok\\n' b'ok\\n'$", hears="posted", **python(
        f"""
        import urllib.request as u
        one = u.urlopen("http://{PEER}/", timeout={{limit}}).read()
        print(one, u.urlopen("http://{PEER}/", b"posted", timeout={{limit}}).read())
        """), attempts=2),
    "smtp": Client("smtp", wanted=r"250 2.0.0 Taken", hears="QUIT", **shell(
        "printf 'Subject: one\\r\\n\\r\\nhello\\r\\n' | curl -sS -v --max-time {limit} "
        f"smtp://{PEER} {' '.join(MAIL)} 2>&1", "curl")),
    "smtp_python": Client("smtp", wanted=r"^\{\} 250 221$", hears="hello", **python(
        f"""
        import smtplib
        c = smtplib.SMTP("{PEER}", timeout={{limit}})
        refused = c.sendmail("a@mail.example", ["b@mail.example"], "Subject: one\\n\\nhello")
        print(refused, c.noop()[0], c.quit()[0])
        """)),
    "pop3": Client("pop3", [*CURL, f"pop3://u:p@{PEER}/1"], r"Subject: one\s+hello", "RETR 1"),
    "pop3_list": Client("pop3", [*CURL, f"pop3://u:p@{PEER}/"], r"^1 65\r?$", "LIST"),
    "pop3_top": Client("pop3", [*CURL, f"pop3://u:p@{PEER}/", "-X", "TOP 1 0"],
                       r"Subject: one\s+\Z", "TOP 1 0"),
    "pop3_python": Client("pop3", wanted=r"^\(1, 65\) b'1 65' b'1 mail-1' 4 5 b'\+OK'$",
                          hears="DELE 1", **python(
        f"""
        import poplib
        c = poplib.POP3("{PEER}", timeout={{limit}})
        c.user("u")
        c.pass_("p")
        told = [c.stat(), c.list()[1][0], c.uidl()[1][0], len(c.top(1, 0)[1]), len(c.retr(1)[1])]
        print(*told, c.dele(1))
        c.quit()
        """)),
    "ftp": Client("ftp", [*CURL, f"ftp://{PEER}/"], r"^hello$", "EPSV", options=DATA, attempts=2),
    "ftp_python": Client("ftp", wanted=r"^\['hello'\] b'hello\\n' 6$", hears="RETR a",
                         options=DATA, attempts=3, **python(
        f"""
        import ftplib
        c, lines, parts = ftplib.FTP("{PEER}", "u", "p", timeout={{limit}}), [], []
        c.retrlines("LIST", lines.append)
        c.retrbinary("RETR a", parts.append)
        print(lines, *parts, c.size("a"))
        c.quit()
        """)),
    "redis": Client("redis", wanted=r"PONG\s+OK\s+\"?hello\"?\s+# Server\s+redis_version:7",
                    hears="info", **shell(
        "printf 'ping\\nset a 1 ex 9 nx\\nget a\\ninfo\\n' | "
        f"timeout {{limit}} redis-cli -h {PEER}", "redis-cli")),
    "redis_hello": Client("redis", wanted=r"proto 3(\n.*)*OK\n\n1\n(.*\n)*id=1", hears="getname",
                          **shell(
        "printf 'hello 3\\nclient setname me\\nclient getname\\nclient id\\nclient list\\n' | "
        f"timeout {{limit}} redis-cli -3 -h {PEER}", "redis-cli")),
    "redis_python": Client("redis", wanted=r"^True True b'hello' 7.0.0 1$", hears="SETNAME",
                           **python(
        f"""
        import redis
        c = redis.Redis("{PEER}", client_name="me", socket_timeout={{limit}})
        print(c.ping(), c.set("a", 1, ex=3), c.get("a"), c.info()["redis_version"], c.client_id())
        """, "redis")),
    "postgresql": Client("postgresql", [
        "psql", f"host={PEER} user=u dbname=d connect_timeout={{limit}}", "-Atc", "select 1"],
        r"^1$", "select 1"),
    # Parse, bind, describe, execute, sync: each transaction in one go, then by name.
    "postgresql_extended": Client(
        "postgresql", wanted=r"(?s)(processed: 3/3.*){2}", hears="select 2", attempts=4, **shell(
            "echo 'select 2;' >script.sql; for mode in extended prepared; do PGCONNECT_TIMEOUT="
            f"{{limit}} pgbench -M $mode -n -t 3 -f script.sql -h {PEER} -U u d || exit 1; done",
            "pgbench")),
    "postgresql_python": Client("postgresql", wanted=r"^\(1,\) 1$", hears="COMMIT",
                                attempts=2, **python(
        f"""
        import psycopg2
        c = psycopg2.connect("host={PEER} user=u dbname=d connect_timeout={{limit}}")
        cursor = c.cursor()
        cursor.execute("select %s", (1,))
        one = cursor.fetchone()
        c.cancel()
        cursor.execute("update orders set note = %s", ("twice?",))
        c.commit()
        print(one, cursor.rowcount)
        """, "psycopg2")),
    "mysql": Client("mysql", [
        "mysql", "-h", PEER, "-u", "u", "-psecret", "--connect-timeout={limit}", "-Ne", "select 1"],
        r"^1$", "select 1"),
    "mysql_ping": Client("mysql", [
        "mysqladmin", "-h", PEER, "-u", "u", "-psecret", "--connect-timeout={limit}", "ping"],
        r"^mysqld is alive$", "mysql_native_password"),
    "mqtt": Client("mqtt", [
        "timeout", "{limit}", "mosquitto_pub", "-d", "-h", PEER, "-t", "a/b", "-m", "hello",
        "-q", "1"], r"received PUBACK", "hello", needs=("mosquitto_pub",)),
    "mqtt_twice": Client("mqtt", [
        "timeout", "{limit}", "mosquitto_pub", "-d", "-h", PEER, "-t", "a/b", "-m", "hello",
        "-q", "2"], r"received PUBCOMP", "hello", needs=("mosquitto_pub",)),
    # Packet numbers of two bytes.
    "mqtt_many": Client("mqtt", wanted=r"^sent$", hears="message 300", **shell(
        f"seq -f 'message %g' 300 | timeout {{limit}} mosquitto_pub -h {PEER} -t a/b -q 1 -l && "
        "echo sent", "mosquitto_pub")),
    "mqtt_subscribed": Client("mqtt", [
        "timeout", "{limit}", "mosquitto_sub", "-d", "-h", PEER, "-t", "a/b", "-E"],
        r"^Subscribed \(mid: 1\): 0$", "a/b", needs=("mosquitto_sub",)),
    "amqp": Client("amqp", wanted=r"^sent$", hears="hello", **shell(
        f"timeout {{limit}} amqp-publish -u amqp://{PEER}/ -r q -b hello && echo sent",
        "amqp-publish")),
    "amqp_python": Client("amqp", wanted=r"^work q closed$", hears="hello", **python(
        f"""
        import pika
        c = pika.BlockingConnection(pika.ConnectionParameters(
            "{PEER}", socket_timeout={{limit}}, blocked_connection_timeout={{limit}}))
        channel = c.channel()
        channel.basic_qos(prefetch_count=1)
        channel.exchange_declare("all", "fanout")
        names = [channel.queue_declare(name).method.queue for name in ("work", "")]
        channel.queue_bind("work", "all")
        channel.basic_publish("all", "", b"hello")
        channel.close()
        c.close()
        print(*names, "closed")
        """, "pika")),
    "ssh": Client("ssh-banner", wanted=r"remote software version OpenSSH_9.2", hears="SSH-2.0-",
                  **shell(f"timeout {{short}} ssh -v -F none -o BatchMode=yes u@{PEER} true 2>&1; "
                          "true", "ssh")),
    "proxy": Client("http-proxy", [*CURL, "-x", f"http://{PEER}:3128", "http://web.test/"],
                    r"^ok$", "GET http://web.test/"),
    "proxy_tunnel": Client("http-proxy", [*CURL, "-p", "-x", f"http://{PEER}:3128",
                                          "http://web.test/in"], r"^ok$", "GET /in"),
    "socks": Client("socks5", [*CURL, "-x", f"socks5h://{PEER}", "http://web.test/"], r"^ok$",
                    "GET /"),
    "socks_address": Client("socks5", [*CURL, "-x", f"socks5://{PEER}", "http://192.0.2.1/"],
                            r"^ok$", "GET /"),
    "websocket": Client("websocket", ["node", "-e", WEBSOCKET % PEER], r"^true\nhello\nclosed$",
                        "Upgrade"),
    "websocket_python": Client("websocket", wanted=r"^hello hello 1000$",
                               hears="Sec-WebSocket-Version: 13", **python(
        f"""
        import asyncio, websockets
        async def main():
            limits = {{"open_timeout": {{limit}}, "close_timeout": {{limit}}}}
            async with websockets.connect("ws://{PEER}", **limits) as c:
                await c.send("one")
                one = await c.recv()
                await c.send(b"two")
                await (await c.ping())
                two = await c.recv()
            print(one, two, c.close_code)
        asyncio.run(main())
        """, "websockets")),
}


def meet(t, name, run, limit, short):
    client = CLIENTS[name]
    for need in client.needs:
        if need.startswith("import "):
            need_module(t, need)
        else:
            t.need(need)
    # A rule that never fires fails the run.
    profile = t.profile(f"""
        summary: Listens for what a client of {client.profile} says.
        extends: {client.profile}
        rules: [{{on: 'received "{client.hears}"', do: {{log: there}}}}]
    """)
    command = [one.replace("{limit}", str(limit)).replace("{short}", str(short))
               for one in client.command]
    done = t.passed(run(profile, command, list(client.options)))
    t.check(re.search(client.wanted, done.text, re.M), f"{client.wanted!r} in what the client "
            f"says: {done.text}{done.errors}")
    t.equal([e.text for e in done.events("notice") if e.what == "unexpected-input"], [],
            "input that the script has no word for")
    t.equal(len(done.events("attempt")), client.attempts, "connections")


def need_module(t, line):
    """One that Debian has for its own Python, which users of all kinds may read."""
    if subprocess.run([PYTHON, "-c", line], capture_output=True, check=False).returncode:
        t.skip(f"Python's module {line.split()[1]} is not installed")
