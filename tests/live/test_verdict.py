"""One truth for people, files and status: the verdict's words, the reports, the exit status."""

import os
import re
import signal
import xml.etree.ElementTree as xml

from harness import PEER, PYTHON, test
from verdict_support import agree, headline, reports

URL = f"http://{PEER}/"


# The first word and the status ------------------------------------------------------------------


@test
def pass_means_status_0(t):
    agree(t, "healthy", ["true"], 0,
          r"pass, but no connection came to a peer; COMMAND exited with status 0 after ")
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
    # One that looks like ghostpeer's own is told.
    run = t.run("healthy", ["sh", "-c", "exit 123"], options=["-q", "-o", path], outputs=False)
    for text in (content(), run.errors):
        t.check(text.startswith("ghostpeer: COMMAND failed (123)"), f"the verdict: {text!r}")


@test
def reports_of_a_run_that_did_not_begin(t):
    files, green = reports(t)
    run = t.run("healthy", ["no-such-program"], options=files, outputs=False)
    t.equal((run.status, green()), (127, (False,) * 3), "status, reports")
    with open(files[1], encoding="utf-8") as file:
        t.contains(file.read(), 'name="status" value="127"', "JUnit")
    with open(files[3], encoding="utf-8") as file:
        t.contains(file.read(), "(status 127, ", "TAP")
    run = t.run("healthy", ["printf", "done"], options=["--tap", "-"], outputs=False)
    t.contains(run.text, "done\nTAP version 14\n", "standard output")


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
          0, "pass, .*COMMAND was ended by SIGSEGV, as expected")


@test
def mistakes_in_command(t):
    for text, part in (("{output: /a(b/}", "`/a(b/` is no regular expression: missing )"),
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


# Notices -----------------------------------------------------------------------------------------


@test
def the_name_of_an_address_needs_no_peer(t):
    query = "b'\\0\\1\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0\\x012\\x010\\x0218\\x03198\\7in-addr\\4arpa\\0\\0\\x0c\\0\\1'"
    run = t.run("healthy", [PYTHON, "-c", "import socket; s = socket.socket(type=socket.SOCK_DGRAM); "
                            f"s.sendto({query}, ('{PEER}', 53)); s.recv(512)"])
    notice = run.events("notice", what="unknown-name")[0].text
    t.contains(notice, "2.0.18.198.in-addr.arpa", "the notice")
    t.check("--peer" not in notice, f"it advises a --peer: {notice}")
