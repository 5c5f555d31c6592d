"""The catalogue's servers to build on, each met by real clients; with --warp in test_warp_protocols."""

from harness import PEER, test
from protocol_clients import CLIENTS, meet


def natively(name):
    @test
    def client(t):
        meet(t, name, lambda profile, command, options: t.run(profile, command, options=options),
             limit=9, short=2)
    return client


for _name in CLIENTS:
    globals()[_name] = natively(_name)


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
def the_second_request_is_never_answered(t):
    """Its own time limit has to end a Redis client then."""
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
