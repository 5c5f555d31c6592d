"""What tells of a run: the verdict, the reports, the exit status, and whether they agree."""

import re
import xml.etree.ElementTree as xml


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
