"""The run's name server answers late, never, wrong or in parts."""

from harness import test
from test_names import RESOLVER

PEERS = ["--peer", "db.example=healthy", "--family", "both"]

# As the C library does, with a patience of its own.
GETADDRINFO = """
    import socket, sys, time
    begin = time.monotonic()
    family = {"4": socket.AF_INET, "6": socket.AF_INET6, "both": 0}[sys.argv[1]]
    try:
        found = sorted({a[4][0] for a in socket.getaddrinfo("db.example", 80, family)})
    except socket.gaierror as error:
        found = [error.errno]
    print(*found, "%.2f" % (time.monotonic() - begin))
"""
PATIENCE = {"RES_OPTIONS": "timeout:1 attempts:3"}


def answers(t, dns, *questions):
    options = [*PEERS]
    for one in dns:
        options += ["--dns", one]
    run = t.passed(t.run("healthy", t.python(RESOLVER, *questions), options=options))
    return [line.split(" ", 1)[1] for line in run.text.splitlines()], run


def look_up(t, family, *dns, env=None):
    options = [*PEERS]
    for one in dns:
        options += ["--dns", one]
    run = t.passed(t.run("healthy", t.python(GETADDRINFO, family), options=options,
                         env={**PATIENCE, **(env or {})}))
    *found, length = run.text.split()
    return found, float(length), run


@test
def errors_and_addresses_of_each_kind(t):
    found, run = answers(
        t, ["db.example/AAAA=servfail", "db.example/A=192.0.2.9, 192.0.2.7", "gone.example=nxdomain",
            "empty.example=nodata", "shut.example=refused"],
        "udp/198.18.0.2/db.example/1", "tcp/198.18.0.2/db.example/1", "udp/198.18.0.2/db.example/28",
        "udp/198.18.0.2/gone.example/1", "udp/198.18.0.2/empty.example/1",
        "udp/198.18.0.2/shut.example/1")
    t.equal(found, ["0 - 192.0.2.9 192.0.2.7", "0 - 192.0.2.9 192.0.2.7", "2 -", "3 -", "0 -", "5 -"],
            "answers")
    told = [e.text for e in run.events("notice", what="dns")]
    t.equal(told[2], 'The name "db.example" was asked for (AAAA, UDP): the answer is SERVFAIL.',
            "what is told")
    t.contains(run.trace, "(AAAA, UDP): the answer is SERVFAIL.", "the trace")


@test
def what_is_truncated_comes_over_tcp(t):
    found, _ = answers(t, ["db.example=truncate"], "udp/198.18.0.2/db.example/1",
                       "tcp/198.18.0.2/db.example/1")
    t.equal(found, ["0 truncated", "0 - 198.18.0.3"], "answers")
    found, _, run = look_up(t, "both", "db.example=truncate")
    t.equal(found, ["198.18.0.3", "2001:2::3"], "what the C library found")
    t.contains(run.trace, "truncated", "the trace")


@test
def a_lost_question_is_asked_again(t):
    found, length, run = look_up(t, "4", "db.example=lose 1")
    t.equal(found, ["198.18.0.3"], "addresses")
    t.near(length, 1.0, "the wait")
    t.contains(run.trace, "(A, UDP): the question is lost.", "the trace")
    found, length, _ = look_up(t, "4", "db.example=lose")
    t.equal(found, ["-3"], "EAI_AGAIN")
    t.near(length, 3.0, "three attempts of a second")


@test
def a_late_answer_is_late_over_udp_and_tcp(t):
    found, length, _ = look_up(t, "4", "db.example=late 500ms")
    t.equal(found, ["198.18.0.3"], "addresses")
    t.near(length, 0.5, "the wait")
    found, length, _ = look_up(t, "4", "db.example=late 500ms", env={
        "RES_OPTIONS": "use-vc timeout:3 attempts:1"})
    t.equal(found, ["198.18.0.3"], "addresses by TCP")
    t.near(length, 0.5, "the wait of TCP")
    found, length, _ = look_up(t, "both", "db.example/AAAA=late 500ms")
    t.equal(found, ["198.18.0.3", "2001:2::3"], "addresses of both families")
    t.near(length, 0.5, "both families wait for the slower one")


@test
def every_other_name(t):
    found, _ = answers(t, ["*=servfail", "db.example/udp=192.0.2.1"], "udp/198.18.0.2/x.example/1",
                       "udp/198.18.0.2/db.example/1", "tcp/198.18.0.2/db.example/1")
    t.equal(found, ["2 -", "0 - 192.0.2.1", "2 -"], "answers")


@test
def c_ares_of_node(t):
    t.need("node")
    run = t.passed(t.run("healthy", ["node", "-e", """
        const dns = require("dns");
        dns.resolve4("db.example", (e, a) => {
            console.log(e ? e.code : a.join());
            dns.resolve6("db.example", (e, a) => console.log(e ? e.code : a.join()));
        });
        """], options=[*PEERS, "--dns", "db.example/A=truncate", "--dns", "db.example/AAAA=nxdomain"]))
    t.equal(run.text.split(), ["198.18.0.3", "ENOTFOUND"], "what c-ares found")


@test
def what_cannot_be_answered_is_refused(t):
    for dns, why in (("db=lunch", "none of late TIME"), ("db", "there is no `=`"),
                     ("db/MX=late 1s", "/AAAA"), ("db/tcp=truncate", "over TCP")):
        run = t.ghostpeer("run", "--dns", dns, "healthy", "--", "true")
        t.equal(run.status, 125, f"exit status of {dns}")
        t.contains(run.errors, why, f"the message for {dns}")
    run = t.ghostpeer("run", "--link", "loopback", "--dns", "db=servfail", "healthy", "--", "true")
    t.contains(run.errors, "--link loopback there is none", "the message over loopback")
