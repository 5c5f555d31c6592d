"""Profiles and peers on the command line; list, show, check, help, version; errors in profiles."""

import glob
import json
import os
import shutil
import subprocess

import place
from harness import PEER, test

CATALOGUE = sorted(
    os.path.basename(path).removesuffix(".yaml") for path in glob.glob(
        os.path.join(os.path.dirname(__file__), "..", "..", "profiles", "*.yaml")))


def ran(t, *arguments, profile_text=None):
    """Runs with a COMMAND that leaves a mark; (run, did COMMAND run)."""
    if profile_text is not None:
        arguments = (t.profile(profile_text), *arguments)
    run = t.ghostpeer("run", "--link", t.link, *arguments, "--", "sh", "-c", "echo > mark")
    return run, os.path.exists(t.path("mark"))


def refused(t, *arguments, profile_text=None):
    run, did = ran(t, *arguments, profile_text=profile_text)
    t.equal(run.status, 125, "exit status")
    t.check(not did, "COMMAND must not run")
    return run


@test
def list_names_the_catalogue(t):
    run = t.ghostpeer("list")
    t.equal(run.status, 0, "exit status")
    lines = [line for line in run.text.splitlines() if line.startswith("  ")]
    t.equal(sorted(line.split()[0] for line in lines), CATALOGUE, "profiles, each once")
    columns = {line.index(line.split(None, 1)[1]) for line in lines}
    t.equal(len(columns), 1, "columns in which the summaries begin")
    titles = [line for line in run.text.splitlines() if line and not line.startswith(" ")]
    t.check(len(titles) > 3 and titles[0].startswith("handshake: "), f"groups are {titles}")


@test
def completion_offers_what_help_names(t):
    script = """
        ghostpeer() { "$GHOSTPEER" "$@"; }
        source <(ghostpeer completion bash)
        COMP_WORDS=(ghostpeer "$@") COMP_CWORD=$#
        _ghostpeer
        echo "${COMPREPLY[@]}"
    """
    for words, expected in ((["su"], "survey"), (["run", "--trace", "f"], "faults"),
                            (["run", "--free"], "--free-work"), (["sweep", "--sna"], "--snapshot"),
                            (["warp", "build", "--so"], "--source"), (["show", "refuse-t"], "refuse-twice")):
        done = subprocess.run(["bash", "-c", script, "bash", *words], capture_output=True, text=True,
                              env={**os.environ, "GHOSTPEER": t.environment.ghostpeer}, check=True)
        t.equal(done.stdout.split(), [expected], f"offered for {words}")


@test
def list_by_tags(t):
    run = t.ghostpeer("list", "--tag", "reset", "--tag", "handshake")
    names = {line.split()[0] for line in run.text.splitlines() if line.startswith("  ")}
    t.check({"refuse", "reset-on-accept"} <= names, "profiles with both tags")
    t.check(not names & {"reset-on-data", "syn-blackhole"}, "profiles with one of them")
    run = t.ghostpeer("list", "--tag", "handshke")
    t.equal(run.status, 125, "exit status")
    t.contains(run.errors, "did you mean `handshake`?", "the message")


@test
def list_in_json(t):
    run = t.ghostpeer("list", "--json")
    listings = json.loads(run.text)
    t.equal([one["name"] for one in listings], CATALOGUE, "names")
    one = next(one for one in listings if one["name"] == "synack-delayed")
    t.equal((one["tags"], one["params"]), (["handshake"], {"delay": "500ms"}), "what it says")


@test
def show_prints_the_profile_as_written(t):
    folder = os.path.join(os.path.dirname(__file__), "..", "..", "profiles")
    for name in CATALOGUE:
        with open(os.path.join(folder, f"{name}.yaml"), "rb") as file:
            written = file.read()
        run = t.ghostpeer("show", name)
        t.equal(run.status, 0, f"exit status of show {name}")
        t.check(run.out == written, f"show {name} prints something else than the file")


@test
def show_unknown(t):
    run = t.ghostpeer("show", "keepalive-blackhol")
    t.equal(run.status, 125, "exit status")
    t.contains(run.errors, "keepalive-blackhole", "the message (nearest name)")


@test
def check_accepts_the_catalogue(t):
    folder = os.path.join(os.path.dirname(__file__), "..", "..", "profiles")
    run = t.ghostpeer("check", *[os.path.join(folder, f"{name}.yaml") for name in CATALOGUE],
                      cwd="/")
    t.equal(run.status, 0, f"exit status ({run.errors})")


@test
def check_shows_all_errors(t):
    path = t.profile("""
        sumary: A typo.
        rules:
          - on: recieve syn
            do: dorp
    """)
    run = t.ghostpeer("check", path)
    t.equal(run.status, 125, "exit status")
    text = run.text + run.errors
    for part in ("profile.yaml:1:1:", "profile.yaml:3:", "profile.yaml:4:", "summary", "receive",
                 "drop", "^"):
        t.contains(text, part, "the diagnostics")


@test
def check_missing_file(t):
    run = t.ghostpeer("check", t.path("nowhere.yaml"))
    t.check(run.status != 0, "exit status")
    t.contains(run.text + run.errors, "nowhere.yaml", "the message")


@test
def help_and_version(t):
    for arguments in (["--help"], ["run", "--help"], ["-h"]):
        run = t.ghostpeer(*arguments)
        t.equal(run.status, 0, f"exit status of {arguments}")
        t.contains(run.text, "ghostpeer run", "the help (examples)")
        t.equal(run.errors, "", "standard error")
    run = t.ghostpeer("--version")
    t.equal(run.status, 0, "exit status")
    t.check(any(c.isdigit() for c in run.text), f"the version is {run.text!r}")


@test
def usage_errors(t):
    for arguments in ([], ["rnu"], ["run"], ["run", "refuse"], ["run", "refuse", "--"],
                      ["run", "--no-such-option", "refuse", "--", "true"],
                      ["run", "--timeout", "soon", "refuse", "--", "true"],
                      ["run", "--link", "pigeon", "refuse", "--", "true"],
                      ["run", "--set", "novalue", "refuse", "--", "true"],
                      ["run", "--peer", "nonsense", "--", "true"],
                      ["run", "--peer", "a:99999=refuse", "--", "true"]):
        run = t.ghostpeer(*arguments)
        t.equal(run.status, 125, f"exit status of {arguments}")
        t.check(len(run.errors) > 20, f"{arguments} needs a message, got {run.errors!r}")


@test
def empty_values_and_numbers_that_are_none(t):
    for option in ("--events", "--pcap", "--junit", "--tap", "-o", "--report", "--control",
                   "--seed", "--rtt", "--timeout", "--max-buffer", "--control-token-file", "--peer", "--sysctl"):
        run = refused(t, option, "", "refuse")
        t.contains(run.errors, "empty", f"the message for {option} ''")
    for seed in ("-1", "18446744073709551616", "0x10", "1.5", "one"):
        run = refused(t, f"--seed={seed}", "refuse")
        t.contains(run.errors, "--seed needs a whole number from 0 to 18446744073709551615",
                   f"the message for {seed}")
    run = refused(t, "--control-token-file", t.write("token", "secret\n"), "refuse")
    t.contains(run.errors, "without --control 127.0.0.1:PORT there are none", "the message")
    # A run that was to end after a second would hang, if that were passed over.
    for option, part in (("--wall-timeout", "--timeout bounds it"), ("--free-work", "--warp")):
        run = refused(t, option, "1s", "refuse")
        t.contains(run.errors, part, f"the message for {option} without --warp")
    for text, part in (("999ms", "a time of 1s or more, but got"), ("soon", "a time such as")):
        run = refused(t, "--poll-timeout", text, "refuse")
        t.contains(run.errors, f"--poll-timeout needs {part}", f"the message for {text}")
    run, did = ran(t, "-q", "--seed", "18446744073709551615", "healthy")
    t.equal((run.status, did), (0, True), "the largest seed")


@test
def two_peers_at_one_place(t):
    for arguments, parts in (
            (["--peer", "api=healthy", "--peer", "api=lossy"],
             ("--peer api=healthy and --peer api=lossy are both for api,",)),
            (["--peer", "api=healthy", "--peer", "API.=lossy"], ("api=healthy", "API.=lossy")),
            (["--peer", "api:80=healthy", "--peer", "api:80=refuse"], ("port 80 of api",)),
            (["--peer", ":80=healthy", "--peer", ":80=refuse"], ("port 80 of every address",)),
            (["--peer", "198.18.0.9=healthy", "--peer", "198.18.0.9=refuse"],
             ("are both for 198.18.0.9,",)),
            # The first name has the first address.
            (["--peer", "api=healthy", "--peer", "198.18.0.2=refuse"],
             ("api=healthy", "198.18.0.2=refuse")),
            (["--peer", "=healthy", "refuse"],
             ("--peer =healthy and the PROFILE refuse are both for every address",))):
        run = refused(t, *arguments)
        for part in parts:
            t.contains(run.errors, part, f"the message for {arguments}")
        t.contains(run.errors, "would never be met", f"the message for {arguments}")
    # One that is more specific has a place of its own.
    run, did = ran(t, "-q", "--peer", "api=healthy", "--peer", "api:81=healthy", "healthy")
    t.equal((run.status, did), (0, True), "places that differ")


@test
def the_first_port_is_the_one_in_the_environment(t):
    run = t.ghostpeer("run", "-q", "--link", t.link, "--peer", "a:8080=healthy",
                      "--peer", "b:9090=healthy", "--", "sh", "-c", "echo $GHOSTPEER_PORT")
    t.equal(run.text, "8080\n", "GHOSTPEER_PORT")
    run = t.ghostpeer("run", "-q", "--link", t.link, "--peer", "a=healthy",
                      "--peer", "b:9090=healthy", "--", "sh", "-c", "echo $GHOSTPEER_PORT")
    t.equal(run.text, "9090\n", "GHOSTPEER_PORT")
    # The address is of the same peer.
    where = "echo $GHOSTPEER_ADDR $GHOSTPEER_PORT"
    for peers, wanted in ((["a=healthy", "b:9090=healthy"], "198.18.0.3 9090\n"),
                          (["a:99=healthy", "b:9090=healthy"], "198.18.0.2 99\n"),
                          (["a=healthy", "198.18.0.9=healthy"], "198.18.0.9 8080\n"),
                          ([":99=healthy", "a=healthy"], "198.18.0.2 99\n")):
        options = [word for peer in peers for word in ("--peer", peer)]
        run = t.ghostpeer("run", "-q", "--link", t.link, *options, "--", "sh", "-c", where)
        t.equal(run.text, wanted, f"the environment with {peers}")


@test
def peers_that_nobody_can_reach(t):
    for peer, why in (("127.0.0.1:8080", "--link loopback puts peers there"), ("[::1]:80", "loopback"),
                      ("198.18.0.1", "COMMAND's own"), ("2001:2::1", "COMMAND's own"),
                      ("0.0.0.0", "no host's"), ("224.0.0.1", "no host's")):
        run = t.ghostpeer("run", "--peer", f"{peer}=refuse", "--", "true")
        t.equal(run.status, 125, f"exit status with {peer}")
        t.contains(run.errors, why, f"the message for {peer}")
    run = t.ghostpeer("serve", "--link", "loopback", "--peer", "127.0.0.1:80=healthy-client",
                      "--dial", "127.0.0.1:8080")
    t.contains(run.errors, "Leave the port out; --dial names the program's.", "the message")


@test
def a_name_with_the_dot_of_the_root(t):
    run = t.ghostpeer("run", "-q", "--link", t.link, "--peer", "api.local.=healthy", "--", "sh",
                      "-c", "getent ahostsv4 api.local | head -n 1 | cut -d ' ' -f 1; "
                      "grep -c 'api[.]local[.]' /etc/hosts")
    t.equal(run.text, "198.18.0.2\n0\n", "the address, and lines with the dot")


@test
def a_parameter_of_two_profiles_is_told(t):
    run = t.ghostpeer("run", "--link", t.link, "--set", "delay=20ms", "--peer", "a=high-latency",
                      "--peer", "b=reordering", "--", "true")
    t.contains(run.errors, "--set delay=20ms holds for each profile of this run that declares it: "
               "high-latency, reordering.", "the trace")


@test
def a_command_that_no_profile_waits_for(t):
    run = refused(t, "--fire", "nope@0s", "healthy")
    t.contains(run.errors, "--fire nope: no profile of this run has a rule `on: command nope`; "
               "none of its rules waits for a command.", "the message")
    run = refused(t, "--fire", "unplg@0s", profile_text="""
        summary: Waits for two commands.
        attempts:
          2: [{on: command unplug, do: blackhole}]
        rules:
          - {on: command plug, do: revive}
    """)
    t.contains(run.errors, "did you mean `unplug`?", "the message")


@test
def unknown_profile(t):
    run = refused(t, "sync-blackhole")
    t.contains(run.errors, "syn-blackhole", "the message (nearest name)")


@test
def missing_profile_file(t):
    run = refused(t, "./nowhere.yaml")
    t.contains(run.errors, "nowhere.yaml", "the message")


@test
def profile_with_typos(t):
    for text, part in (
            ("summary: x\nrules:\n  - on: receive sny\n    do: drop\n", ":3:"),
            ("summary: x\nrules:\n  - on: receive syn\n    do: drp\n", ":4:"),
            ("summary: x\nruls: []\n", ":2:1:"),
            ("rules: []\n", "summary"),
            ("summary: x\nrules:\n  - on: receive syn\n    frist: 1\n    do: drop\n", "first"),
            ("summary: x\nrules:\n  - on: receive syn\n    first: 0\n    do: drop\n", ":4:"),
            ("summary: x\nrules:\n  - on: enter established\n    do: drop\n", ":4:"),
            ("summary: x\nrules:\n  - on: received ${bytes}\n    do: reset\n", "bytes"),
            ("summary: x\nparams:\n  unused: 1\n", "unused"),
            ("summary: [unclosed\n", "profile.yaml:"),
            ("", "profile.yaml"),
            ("- a\n- b\n", "profile.yaml:"),
            ("summary: x\nextends: ./profile.yaml\n", "extends"),
            ("summary: x\nservice: dscard\n", "discard"),
    ):
        run = refused(t, profile_text=text)
        t.contains(run.errors, part, f"the message for {text!r}")


@test
def parameters(t):
    run = refused(t, "--set", "bites=5", "reset-after-bytes")
    t.contains(run.errors, "bytes", "the message (nearest parameter)")
    refused(t, "--set", "bytes=many", "reset-after-bytes")
    run, did = ran(t, "--set", "idle=20ms", "--set", "idle=30ms", "nat-timeout")
    t.check(did, "COMMAND has to run")


@test
def sysctl_errors(t):
    run = refused(t, "--sysctl", "net.ipv4.no_such_setting=1", "healthy")
    t.contains(run.errors, "no_such_setting", "the message")
    run = refused(t, "--sysctl", "kernel.hostname=x", "healthy")
    t.contains(run.errors, "kernel.hostname", "the message")
    run = refused(t, "--sysctl", "net.ipv4.tcp_syn_retries=many", "healthy")
    t.contains(run.errors, "tcp_syn_retries", "the message")
    refused(t, "--sysctl", "net.ipv4/../../kernel/hostname=x", "healthy")


@test
def sysctl_in_a_profile(t):
    profile = t.profile("""
        summary: Shorter waits.
        sysctl:
          net.ipv4.tcp_fin_timeout: 7
          net.ipv4.tcp_retries2: 5
    """)
    command = ["sh", "-c", "cat /proc/sys/net/ipv4/tcp_fin_timeout /proc/sys/net/ipv4/tcp_retries2"]
    run = t.passed(t.run(profile, command, sysctls={"net.ipv4.tcp_retries2": 6}))
    t.equal(run.text.split(), ["7", "6"], "values (the command line wins)")


@test
def unwritable_outputs(t):
    for option in ("-o", "--events", "--pcap", "--junit", "--tap", "--report"):
        run = refused(t, option, t.path("no/such/folder/file"), "healthy")
        t.contains(run.errors, "no/such/folder/file", "the message")


@test
def peers_by_name_and_port(t):
    t.need("curl")
    run = t.run(None, ["sh", "-c", "curl -sS http://api.local:8080/; curl -s http://db.local:5432/; "
                                   "echo $?; cat /etc/hosts"],
                options=["--peer", "api.local=healthy", "--peer", "db.local:5432=refuse"])
    t.passed(run)
    lines = run.text.splitlines()
    t.equal(lines[:2], ["ok", "7"], "what curl saw")
    hosts = {name: line.split()[0] for line in lines[2:] if not line.startswith("#")
             for name in line.split()[1:]}
    t.check(hosts.get("api.local") and hosts.get("db.local"), f"names in /etc/hosts: {hosts}")
    t.check("localhost" in hosts, "localhost stays in /etc/hosts")


@test
def peers_by_address_with_a_profile_for_the_rest(t):
    t.need("curl")
    run = t.passed(t.run("healthy", ["sh", "-c", "curl -s http://192.0.2.9/; echo $?; "
                                                 "curl -s http://192.0.2.10:81/; echo $?; "
                                                 "curl -s http://192.0.2.10:80/; echo $?"],
                         options=["--peer", "192.0.2.9=refuse", "--peer", ":81=reset-on-data"]))
    t.equal(run.text.split(), ["7", "56", "ok", "0"], "what curl saw")


@test
def peers_leave_the_rest_silent(t):
    run = t.passed(t.run(None, ["sh", "-c", " ".join(
        t.probe("connect", "close", address="192.0.2.1")) + "; " + " ".join(
            t.probe("user_timeout=1200ms", "connect", address="192.0.2.2"))],
                         options=["--peer", "192.0.2.1=healthy"]))
    t.equal([c.errno for c in run.calls("connect")], [None, "ETIMEDOUT"], "connect()")
    notice = run.events("notice", what="silent-address")
    t.equal(len(notice), 1, "notices")
    t.contains(run.trace, "192.0.2.2", "the trace")


@test
def hosts_file_outside_is_untouched(t):
    with open("/etc/hosts") as file:
        before = file.read()
    t.passed(t.run(None, ["true"], options=["--peer", "private.example=healthy"]))
    with open("/etc/hosts") as file:
        t.equal(file.read(), before, "/etc/hosts")


@test
def finish_ends_the_run(t):
    profile = t.profile("""
        summary: Ends the run when data comes.
        rules:
          - on: receive data
            do: finish
    """)
    run = t.run(profile, t.probe("connect", "send=10", "sleep=1000s"), limit=20)
    t.soon(run, 10)
    t.equal(run.status, 0, "exit status")
    t.equal(run.verdict["pass"], True, "the verdict")


@test
def rule_that_never_fires_fails(t):
    run = t.run("reset-on-data", t.probe("connect", "close"))
    t.equal(run.status, 123, "exit status")
    t.equal(run.verdict["pass"], False, "the verdict")
    t.contains(run.trace, "reset-on-data:", "the verdict (the rule's place)")


@test
def failing_command_and_failing_verdict(t):
    run = t.run("reset-on-data", ["sh", "-c", "exit 5"])
    t.equal(run.status, 123, "exit status: the verdict comes before COMMAND's")


@test
def trace_reads_well(t):
    run = t.passed(t.run("synack-lost", t.probe("connect", "send=100", "sleep=50ms", "close",
                                                "sleep=50ms")))
    lines = run.trace.splitlines()
    t.check(all(len(line) <= 160 for line in lines), "no line is much longer than a screen")
    t.contains(run.trace, "synack-lost:", "the trace (place of the rule)")
    t.contains(run.trace, "ESTABLISHED", "the trace (states)")
    t.contains(run.trace, "mss 1460", "the trace (options)")


@test
def module_that_is_missing(t):
    """A copy of the executable does all that needs no more than that; what does says what it needs."""
    copy = t.path("ghostpeer")
    shutil.copy(t.environment.ghostpeer, copy)
    options = place.link_options(t.link, [])
    if not os.path.exists(os.path.dirname(t.environment.ghostpeer) + "/ghostpeer-packets.so"):
        return  # it is one file
    run = t.ghostpeer("run", *options, "refuse", "--", "touch", "mark", program=copy)
    t.equal(run.status, 123, "exit status of a run of TCP alone")
    t.check(os.path.exists(t.path("mark")), "COMMAND has to run")
    t.equal(run.errors.count("packets.so"), 0, "nothing is said of what is not needed")
    os.remove(t.path("mark"))
    run = t.ghostpeer("run", *options, "unreachable-on-connect", "--", "touch", "mark", program=copy)
    t.equal(run.status, 125, "exit status where packets of other kinds are asked for")
    t.check(not os.path.exists(t.path("mark")), "COMMAND must not run")
    t.contains(run.errors, "ghostpeer-packets.so is missing", "the message")
    t.contains(run.errors, "Install or build ghostpeer again", "the way out")
    t.equal(t.ghostpeer("list", program=copy).status, 0, "what needs no packets works")
