"""`ghostpeer judge`: the verdict of a run from its record. Each other test's runs are judged again,
too (rejudge.py)."""

from harness import test

TOLD = "expect: [{see: receive fin, times: 1}]\n"


def _recorded(t, expect, options=()):
    profile = t.profile("summary: a test\nservice: echo\n" + expect)
    return t.run(profile, t.probe("connect", "send=4", "recv=4", "close"), options=options)


@test
def reports_are_those_of_the_run(t):
    live = [t.path("live.xml"), t.path("live.tap")]
    again = [t.path("again.xml"), t.path("again.tap")]
    run = _recorded(t, "expect: [{see: receive rst}]\n",
                    ["--junit", live[0], "--tap", live[1]])
    t.equal(run.status, 123, "the status")
    judged = t.ghostpeer("judge", run.events_path, "--junit", again[0], "--tap", again[1])
    t.equal(judged.status, 123, "the status of judge")
    for one, other in zip(live, again):
        with open(one) as first, open(other) as second:
            t.equal(second.read(), first.read(), "the report")


@test
def other_expectations_may_be_judged(t):
    run = t.passed(_recorded(t, TOLD))
    edited = t.write("profile.yaml", "summary: a test\nservice: echo\n"
                                     "expect: [{never: receive fin}]\n")
    judged = t.ghostpeer("judge", run.events_path, edited)
    t.equal(judged.status, 123, "the status of judge")
    t.contains(judged.text, "expected `receive fin` never, but saw it once")
    # What the run expected is in its record, whatever has become of the file.
    t.equal(t.ghostpeer("judge", run.events_path).status, 0, "the status without PROFILE")
    broken = t.write("broken.yaml", "summary: a test\nexpect: [{see: nonsense}]\n")
    judged = t.ghostpeer("judge", run.events_path, broken)
    t.equal(judged.status, 125, "the status with a broken profile")
    t.contains(judged.errors, "broken.yaml:2")


@test
def other_rules_may_not(t):
    run = t.passed(_recorded(t, TOLD))
    edited = t.write("other.yaml", "summary: a test\nservice: echo\n"
                                   "rules: [{on: receive data, do: drop}]\n")
    judged = t.ghostpeer("judge", run.events_path, edited)
    t.equal(judged.status, 125, "the status")
    t.contains(judged.errors, "other.yaml:3: what the peer does is another thing here")
    judged = t.ghostpeer("judge", run.events_path, run.events_path + ".yaml", "another.yaml")
    t.equal(judged.status, 125, "the status with profiles that the run has not got")
    t.contains(judged.errors, "no profile of this run has that name")


@test
def records_that_cannot_be_judged_say_why(t):
    run = t.passed(_recorded(t, TOLD))
    with open(run.events_path) as file:
        lines = file.readlines()

    def judge(some):
        judged = t.ghostpeer("judge", t.write("part.jsonl", "".join(some)))
        t.equal(judged.status, 125, "the status")
        t.equal(judged.text, "", "standard output")
        return judged.errors

    t.contains(judge(lines[:-2]), "it is cut short, before the run's `end`")
    t.contains(judge(lines[1:]), "no event `run` stands at its beginning")
    t.contains(judge([]), "no event `run` stands at its beginning")
    t.contains(judge(lines + lines), "it has several runs")
    t.contains(judge(lines[:3] + [lines[3][:-20] + "\n"] + lines[4:]), "line 4")
    t.contains(t.ghostpeer("judge", t.path("nowhere.jsonl")).errors, "nowhere.jsonl")


@test
def a_record_may_come_on_standard_input(t):
    run = t.passed(_recorded(t, TOLD))
    with open(run.events_path, "rb") as file:
        judged = t.ghostpeer("judge", "-", stdin=file.read())
    t.equal(judged.status, 0, "the status")
    t.check(run.trace.endswith(judged.text), "the verdict is another one")
