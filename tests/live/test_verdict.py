"""One truth for people, files and status: the verdict's words, the reports, the exit status."""

import os
import re
import signal
import xml.etree.ElementTree as xml

from control_support import inside
from harness import PEER, PYTHON, test

URL = f"http://{PEER}/"
BY_CHANCE = """
    summary: Loses by chance what never comes.
    extends: healthy
    rules:
      - {on: receive keepalive-probe, probability: 50%, do: drop}
"""


def headline(run):
    return run.verdict.headline


def reports(t):
    """Options, and what reads the reports: is each of them green?"""
    junit, tap = t.path("junit.xml"), t.path("out.tap")

    def green():
        root = xml.parse(junit).getroot()
        with open(tap, encoding="utf-8") as file:
            lines = file.read().splitlines()
        planned = int(lines[1].split("..")[1])
        results = [line for line in lines if re.match(r"(not )?ok \d", line)]
        t.equal(len(results), planned, "results in the TAP report")
        return (not root.findall(".//failure"), root.get("failures") == "0",
                not any(line.startswith("not ok") for line in results))
    return ["--junit", junit, "--tap", tap], green


def agree(t, profile, command, status, words, *options, **more):
    """Runs it; everything that tells of the run says so."""
    files, green = reports(t)
    run = t.run(profile, command, options=[*files, *options], **more)
    t.equal(run.status, status, f"exit status (the verdict: {run.trace[-600:]})")
    t.equal((run.verdict.status, run.verdict["pass"]), (status, status == 0), "the verdict event")
    t.check(re.match(words, headline(run)), f"the headline is {headline(run)!r}, not {words!r}")
    t.contains(run.trace, "ghostpeer: " + headline(run), "the verdict")
    t.equal(green(), (status == 0,) * 3, "JUnit and TAP")
    return run


# The first word and the status ------------------------------------------------------------------


@test
def pass_means_status_0(t):
    agree(t, "healthy", ["true"], 0, r"pass, COMMAND exited with status 0 after ")
    agree(t, "healthy", ["sh", "-c", "exit 5"], 5, r"COMMAND failed \(5\); it ended after ")
    agree(t, "reset-on-data", ["curl", "-sS", URL], 56,
          r"COMMAND failed \(56\); the faults happened as told; it ended after ")
    agree(t, "reset-on-data", ["true"], 123,
          r"FAIL: a rule never acted; COMMAND exited with status 0 after ")
    agree(t, "healthy", ["sh", "-c", "ulimit -c 0; kill -SEGV $$"], 139,
          r"COMMAND was ended by SIGSEGV; it ended after ")


@test
def an_expected_status(t):
    options = ["--expect-status", "56"]
    agree(t, "reset-on-data", ["curl", "-sS", URL], 0,
          r"pass, COMMAND exited with status 56, as expected, after ", *options)
    run = agree(t, "healthy", ["true"], 123, r"FAIL: COMMAND did not end with 56; ", *options)
    t.equal(run.verdict.failures, ["COMMAND exited with status 0; --expect-status asked for 56."])
    agree(t, "reset-on-data", ["sh", "-c", "exit 56"], 123, r"FAIL: a rule never acted; ", *options)
    for wrong in ("256", "-1", "x", ""):
        run = t.ghostpeer("run", "--expect-status", wrong, "healthy", "--", "true")
        t.equal(run.status, 125, f"exit status of --expect-status {wrong!r}")


@test
def a_connection_that_the_peer_did_not_open(t):
    agree(t, "healthy-client", ["true"], 123, r"FAIL: .*a connection was not opened",
          "--port", "8080")


@test
def a_signal_cuts_the_run_short(t):
    files, green = reports(t)
    run = t.start("healthy", ["sh", "-c", "trap 'exit 0' TERM; echo > ready; sleep 60 & wait"],
                  options=files)
    t.eventually(lambda: os.path.exists(t.path("ready")), "COMMAND runs", limit=20)
    run.process.send_signal(signal.SIGTERM)
    run.finish(20)
    t.equal(run.status, 128 + signal.SIGTERM, "exit status")
    t.check(headline(run).startswith("ENDED by SIGTERM after "), headline(run))
    t.contains(headline(run), "; COMMAND exited with status 0", "the headline")
    t.equal(green(), (False,) * 3, "JUnit and TAP")


# Files -------------------------------------------------------------------------------------------


@test
def reports_are_red_until_the_run_has_ended(t):
    files, green = reports(t)
    agree(t, "healthy", ["true"], 0, "pass, ")
    run = t.start("healthy", ["sh", "-c", "echo > ready; sleep 60"], options=files)
    t.eventually(lambda: os.path.exists(t.path("ready")), "COMMAND runs", limit=20)
    t.equal(green(), (False,) * 3, "JUnit and TAP of a run that lasts")
    run.process.send_signal(signal.SIGKILL)
    run.process.wait()
    t.equal(green(), (False,) * 3, "JUnit and TAP of a run that was killed")
    for what, profile, command in (("a wrong profile", "./nowhere.yaml", "true"),
                                   ("a COMMAND that is not there", "healthy", "no-such-program")):
        agree(t, "healthy", ["true"], 0, "pass, ")
        run = t.run(profile, [command], options=files, outputs=False)
        t.check(run.status >= 125, f"exit status with {what}: {run.status}")
        t.equal(green(), (False,) * 3, f"JUnit and TAP after {what}")


@test
def quiet_empties_the_file_of_the_last_run(t):
    path = t.write("trace.txt", "ghostpeer: pass, of the last run\n")
    os.chmod(path, 0o666)

    def content():
        with open(path, encoding="utf-8") as file:
            return file.read()
    run = t.run("healthy", ["true"], options=["-q", "-o", path], outputs=False)
    t.equal((run.status, content(), run.errors), (0, "", ""), "status, FILE, standard error")
    run = t.run("reset-on-data", ["true"], options=["-q", "-o", path], outputs=False)
    t.equal(run.status, 123, "exit status")
    for text in (content(), run.errors):
        t.check(text.startswith("ghostpeer: FAIL: a rule never acted"), f"the verdict: {text!r}")
    run = t.run("healthy", ["sh", "-c", "exit 5"], options=["-q", "-o", path], outputs=False)
    t.equal((run.status, content(), run.errors), (5, "", ""), "COMMAND tells its own end")


@test
def a_lost_report_is_no_pass(t):
    if not os.path.exists("/dev/full"):
        t.skip("/dev/full is missing")
    files, green = reports(t)
    run = t.run("healthy", ["true"], options=[*files, "--events", "/dev/full"], outputs=False)
    t.equal(run.status, 125, "exit status")
    t.contains(run.errors, "ghostpeer: INCOMPLETE: ", "standard error")
    t.equal(green(), (False,) * 3, "JUnit and TAP")
    run = t.run("healthy", ["true"], options=["--tap", "/dev/full", files[0], files[1]],
                outputs=False)
    t.equal(run.status, 125, "exit status")
    root = xml.parse(files[1]).getroot()
    t.check(root.findall(".//failure"), "JUnit is green where the TAP report is lost")


# Time runs out -----------------------------------------------------------------------------------


def stuck(t, code, *options, profile="healthy", **more):
    return t.run(profile, t.python(code, PEER), options=["--timeout", "1s", *options], limit=30,
                 **more)


@test
def a_timeout_names_call_descriptor_connection_and_time(t):
    code = """
        import socket, sys
        s = socket.create_connection((sys.argv[1], 80))
        s.recv(1)
    """
    run = stuck(t, code)
    t.equal(run.status, 124, "exit status")
    found = re.fullmatch(r"TIMEOUT after 1\.000 s: python3(?:\.\d+)? has waited in recv\(\) on #1 "
                         r"since (\d\.\d{3}) s(?:; nothing has passed on #1 since .*)?",
                         headline(run))
    t.check(found, f"the headline is {headline(run)!r}")
    last = max(segment.t for segment in run.segments(kind="ack") + run.sent("syn-ack")
               if segment.t < 1)
    t.check(last - 0.05 <= float(found[1]) < 1, f"it waits since {found[1]} s, from {last} s on")
    t.check(re.search(rf"python3(\.\d+)? is in recv: descriptor \d+, a TCP connection to "
                      rf"{re.escape(PEER)}:80, ESTABLISHED.*\(#1\), since \d\.\d+ s\.", run.trace),
            f"the lines below the headline: {run.trace[-1500:]}")
    quiet = stuck(t, code, "-q", outputs=False)
    t.equal(quiet.status, 124, "exit status with -q")
    t.check(quiet.errors.startswith("ghostpeer: TIMEOUT after 1.000 s: python3"),
            f"standard error with -q: {quiet.errors!r}")


@test
def a_timeout_in_other_calls(t):
    setup = ("import os, select, socket, subprocess, sys, threading\n"
             "s = socket.create_connection((sys.argv[1], 80))\n")
    for name, code, words in (
            ("poll", "p = select.poll(); p.register(s, select.POLLIN); p.poll()", r"poll\(\) on #1"),
            ("select", "select.select([s], [], [])", r"select\(\) on #1"),
            ("epoll", "e = select.epoll(); e.register(s, select.EPOLLIN); e.poll()",
             r"epoll_wait\(\) on #1"),
            ("a pipe", "os.read(os.pipe()[0], 1)", r"read\(\) on descriptor \d+ \(pipe:"),
            ("a child", "subprocess.run([sys.executable, '-c', 'import sys, socket; "
             "socket.create_connection((sys.argv[1], 80)).recv(1)', sys.argv[1]])",
             r"recv\(\) on #2"),
            ("a thread", "threading.Thread(target=lambda: s.recv(1)).start()", r"recv\(\) on #1"),
            ("UDP", "u = socket.socket(type=socket.SOCK_DGRAM); u.bind(('', 0)); u.recv(1)",
             r"recv\(\) on a UDP socket")):
        run = stuck(t, setup + code)
        t.equal(run.status, 124, f"exit status in {name}")
        t.check(re.search(r"has waited in " + words, headline(run)),
                f"the headline for {name} is {headline(run)!r}")


@test
def a_timeout_of_a_busy_program(t):
    run = stuck(t, "while True: pass")
    t.check(re.search(r"TIMEOUT after 1\.000 s: python3.* is running", headline(run)), headline(run))


@test
def a_hang_that_a_signal_ends(t):
    run = t.start("healthy", t.python("""
        import socket, sys
        s = socket.create_connection((sys.argv[1], 80))
        open("ready", "w").close()
        s.recv(1)
    """, PEER), options=["-q"], outputs=False)
    t.eventually(lambda: os.path.exists(t.path("ready")), "COMMAND runs", limit=20)
    # It may be on its way from the file to the call.
    t.eventually(lambda: waits_in_recv(run.process.pid), "COMMAND waits", limit=20)
    run.process.send_signal(signal.SIGTERM)
    run.finish(20)
    t.equal(run.status, 128 + signal.SIGTERM, "exit status")
    t.check(re.match(r"ghostpeer: ENDED by SIGTERM after .*s: python3.* has waited in recv\(\) on "
                     r"#1 since ", run.errors), f"standard error: {run.errors!r}")


def waits_in_recv(ancestor):
    """Is a process below it in tcp_recvmsg()?"""
    parents = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
                parents[int(pid)] = int(file.read().rsplit(")", 1)[1].split()[1])
        except OSError:
            pass
    for pid, parent in parents.items():
        while parent and parent != ancestor:
            parent = parents.get(parent)
        try:
            with open(f"/proc/{pid}/wchan", encoding="utf-8") as file:
                if parent == ancestor and file.read() in ("wait_woken", "sk_wait_data"):
                    return True
        except OSError:
            pass
    return False


# What is expected of COMMAND ---------------------------------------------------------------------


def expecting(t, text, base="silent-after-handshake"):
    return t.profile(f"""
        summary: Expects something of COMMAND.
        extends: {base}
        expect:
          - command: {text}
    """)


CURL = ["curl", "-sS", "-m", "1", URL]


@test
def command_ends_as_expected(t):
    run = agree(t, expecting(t, "{status: 28, within: 20s, output: '/timed? out/'}"), CURL, 0,
                r"pass, COMMAND exited with status 28, as expected, after ")
    t.contains(run.errors, "timed out", "what curl wrote (handed on)")
    for text, part in (
            ("{status: 7}", "expected COMMAND to end with status 7, but it exited with status 28."),
            ("{status: [7, 0]}", "expected COMMAND to end with status 7 or 0, but it exited"),
            ("{status: 28, within: 500ms}", "expected COMMAND to end within 500 ms, but it ended"),
            ("{status: 28, within: '>= 1h'}", "expected COMMAND to end after 3600.000 s or later"),
            ("{status: 28, output: no such text}",
             "expected COMMAND to write `no such text`, but it did not; its last line: \"curl: (28)"),
            ("{status: 28, output: [timed, /^nothing$/]}", "expected COMMAND to write `/^nothing$/`")):
        run = agree(t, expecting(t, text), CURL, 123, "FAIL: an expectation failed; ")
        t.contains(run.verdict.failures[0], part, f"the failure of {text}")
    # Without a status COMMAND's own counts.
    agree(t, expecting(t, "{output: timed}"), CURL, 28, r"COMMAND failed \(28\)")
    agree(t, expecting(t, "{status: 139}", "healthy"), ["sh", "-c", "ulimit -c 0; kill -SEGV $$"],
          0, "pass, COMMAND was ended by SIGSEGV, as expected")


@test
def mistakes_in_command(t):
    for text, part in (("{output: /a(b/}", "`/a(b/` is no regular expression (RE2): missing )"),
                       ("{status: 256}", "an exit status from 0 to 255"),
                       ("{}", "`command` expects nothing"),
                       ("{stauts: 1}", "did you mean `status`?")):
        run = t.ghostpeer("check", expecting(t, text, "healthy"))
        t.equal(run.status, 125, f"exit status of `check` with {text}")
        t.contains(run.errors, part, "the message")


@test
def output_is_handed_on_as_it_is(t):
    path = expecting(t, "{output: /x/}", "healthy")
    code = """
        import os, stat, sys
        for fd, n in ((1, 300), (2, 200)):
            rest = bytes(range(256)) * 4 * n + b"x"
            while rest:
                rest = rest[os.write(fd, rest):]
    """
    run = t.run(path, t.python(code), options=["-q"], outputs=False)
    block = bytes(range(256)) * 4
    t.equal((run.out == block * 300 + b"x", run.err == block * 200 + b"x"), (True, True),
            "standard output and error are whole")
    # One file for both keeps the order.
    run = t.run(path, ["sh", "-c", "for i in 1 2 3; do echo out $i; echo err $i >&2; done; echo x"],
                options=["-q"], outputs=False, stderr=-2)
    t.equal(run.text, "".join(f"out {i}\nerr {i}\n" for i in (1, 2, 3)) + "x\n", "the order")


@test
def a_terminal_stays_one(t):
    path = expecting(t, "{output: /x/}", "healthy")
    main, terminal = os.openpty()
    try:
        run = t.start(path, t.python("import os; print('x', os.isatty(1), os.isatty(2), "
                                     "os.get_terminal_size(1).columns > -1)"),
                      options=["-q"], outputs=False, stdout=terminal)
        run.process.wait(30)
        t.equal(run.process.returncode, 0, "exit status")
        t.contains(os.read(main, 1000).decode(), "x True False True", "what COMMAND says")
    finally:
        os.close(main)
        os.close(terminal)


# Nothing happened --------------------------------------------------------------------------------


@test
def no_fault_happened(t):
    path = t.profile(BY_CHANCE)
    agree(t, path, ["true"], 0, "pass, but no fault happened: no rule acted, and none had to; ")
    run = agree(t, path, ["true"], 123, "FAIL: no fault happened; ", "--require-fault")
    t.contains(run.verdict.failures[0], "--require-fault asks for a fault", "the failure")
    agree(t, "reset-on-data", ["curl", "-sS", URL], 56, "COMMAND failed", "--require-fault")
    agree(t, "healthy", ["true"], 123, "FAIL: no fault happened; ", "--require-fault")
    agree(t, "healthy", ["curl", "-sS", "-o", "/dev/null", URL], 0, "pass, COMMAND",
          "--require-fault")


@test
def expectations_without_a_connection(t):
    def profile(entry):
        return t.profile(f"""
            summary: Expects something.
            extends: healthy
            expect: [{entry}]
        """)
    run = agree(t, profile("{never: receive rst}"), ["true"], 123, "FAIL: a profile met no ")
    t.contains(run.verdict.failures[0], "no connection met this profile", "the failure")
    for entry in ("{attempts: 0}", "{never: receive syn}", "{command: {status: 0}}"):
        agree(t, profile(entry), ["true"], 0, "pass, ")
    agree(t, profile("{never: receive rst}"), ["curl", "-sS", "-o", "/dev/null", URL], 0, "pass, ")


@test
def use_of_a_profile_that_no_connection_meets(t):
    run = inside(t, """
        peer.use("default", "high-latency")
        connect().close()
        peer.use("default", "lossy")
        peer.use("default", "healthy")
    """)
    said = "No connection met the profile {}, which `use` gave a peer."
    t.contains(run.trace, said.format("lossy"), "the verdict")
    for name in ("healthy", "high-latency"):
        t.check(said.format(name) not in run.trace, f"a word about {name}: {run.trace[-800:]}")


@test
def a_daemon_is_left_behind(t):
    daemon = ["sh", "-c", "sleep 60 >/dev/null 2>&1 & exit 0"]
    agree(t, "healthy", daemon, 0,
          r"pass, COMMAND exited with status 0 after .* and left (sleep|sh) behind")
    server = ["sh", "-c", f"{PYTHON} -c \"import socket, time; s = socket.create_server(('', 8080)); "
                          "time.sleep(60)\" & sleep 0.5; exit 0"]
    run = agree(t, "healthy-client", server, 123, "FAIL: .*the peer, a client, got nothing; ",
                "--port", "8080")
    t.contains(" ".join(run.verdict.failures), "Keep it in the foreground", "the failure")


@test
def what_the_program_did_instead(t):
    for code, words in (
            ("try: socket.create_connection(('127.0.0.1', 81))\nexcept OSError: pass",
             "It opened 1 TCP connection, but on its own loopback (127.0.0.1 or ::1), where no peer "
             "is; nothing listened there."),
            ("server = socket.create_server(('127.0.0.1', 8081)); "
             "socket.create_connection(('127.0.0.1', 8081)); server.accept()[0].close()",
             "where no peer is, to 127.0.0.1:8081."),
            ("try: socket.getaddrinfo('api.example', 80)\nexcept OSError: pass",
             'It asked for "api.example", which no --peer gives an address.'),
            ("socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('198.18.0.2', 5000))",
             "It sent 1 UDP datagram, and opened no TCP connection."),
            ("pass", "It opened no TCP connection at all, and sent no datagram.")):
        run = t.run("healthy", [PYTHON, "-c", "import socket\n" + code])
        t.equal(run.status, 0, f"exit status ({run.errors})")
        t.contains(run.trace, words, "the verdict")


# Notices -----------------------------------------------------------------------------------------


@test
def the_name_of_an_address_needs_no_peer(t):
    query = "b'\\0\\1\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0\\x012\\x010\\x0218\\x03198\\7in-addr\\4arpa\\0\\0\\x0c\\0\\1'"
    run = t.run("healthy", [PYTHON, "-c", "import socket; s = socket.socket(type=socket.SOCK_DGRAM); "
                            f"s.sendto({query}, ('{PEER}', 53)); s.recv(512)"])
    notice = run.events("notice", what="unknown-name")[0].text
    t.contains(notice, "2.0.18.198.in-addr.arpa", "the notice")
    t.check("--peer" not in notice, f"it advises a --peer: {notice}")
