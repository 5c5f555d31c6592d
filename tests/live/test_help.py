"""What helps a user: mistaken words, help, completion, init, doctor, schema."""

import glob
import json
import os
import subprocess

from harness import PEER, test

CATALOGUE = sorted(
    os.path.basename(path).removesuffix(".yaml") for path in glob.glob(
        os.path.join(os.path.dirname(__file__), "..", "..", "profiles", "*.yaml")))


@test
def completion_in_fish_and_zsh(t):
    folder = t.path("bin")
    os.mkdir(folder)
    with open(os.path.join(folder, "ghostpeer"), "w", encoding="utf-8") as file:
        file.write(f'#!/bin/sh\nexec {t.environment.ghostpeer} "$@"\n')
    os.chmod(file.name, 0o755)
    around = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", "HOME": t.path(".")}
    for line, expected in (("run refuse-t", "refuse-twice"), ("su", "survey"),
                           ("run --free", "--free-work"), ("list --tag retr", "retry")):
        done = subprocess.run(
            ["fish", "-c", f"ghostpeer completion fish | source; complete -C 'ghostpeer {line}'"],
            capture_output=True, text=True, env=around, check=True)
        t.equal([word.split("\t")[0] for word in done.stdout.splitlines()], [expected],
                f"offered for {line}")
    # What zsh offers is drawn on a terminal; that it takes the script at all is seen here.
    done = subprocess.run(
        ["zsh", "-fc", "autoload -U compinit && compinit -D -u && source <(ghostpeer completion zsh)"
                       " && echo $_comps[ghostpeer]"],
        capture_output=True, text=True, env=around, check=True)
    t.equal((done.stdout, done.stderr), ("_ghostpeer\n", ""), "what zsh calls")


@test
def words_that_mean_something_else_are_understood_or_explained(t):
    for words, status, said in (
            (["help"], 0, "Subcommands:"), (["help", "sweep"], 0, "ghostpeer sweep"),
            (["version"], 0, "ghostpeer "),
            ([], 125, "ghostpeer run PROFILE -- COMMAND"),
            (["rnu", "healthy"], 125, "did you mean `run`?"),
            (["refuse"], 125, "ghostpeer run refuse -- COMMAND"),
            (["run", "--timout", "3s", "healthy", "--", "true"], 125, "did you mean `--timeout`?"),
            (["run", "healthy", "nc", "-w", "1", "a b"], 125, "ghostpeer run healthy -- nc -w 1 'a b'"),
            (["warp", "bulid"], 125, "ghostpeer warp --help"),
            (["list", "xylophone"], 125, "No profile is about xylophone")):
        run = t.ghostpeer(*words)
        t.equal(run.status, status, f"exit status of {words}")
        t.contains(run.text if status == 0 else run.errors, said, f"what is said of {words}")
    # A command line that somebody has put in quotes.
    run = t.ghostpeer("run", "-q", "--link", t.link, "healthy", "--", "curl -sS http://198.18.0.2/")
    t.equal(run.status, 127, "exit status")
    t.contains(run.errors, "leave the quotes out", "what is said of a quoted command line")


@test
def help_fits_a_terminal(t):
    for command in ("", "run", "serve", "sweep", "survey", "ctl", "list", "show", "check", "report",
                    "judge", "learn", "compare", "warp", "init", "schema", "doctor", "completion"):
        text = t.ghostpeer(*command.split(), "--help").text
        wide = [line for line in text.splitlines() if len(line) > 80]
        t.equal(wide, [], f"lines of `ghostpeer {command} --help` that are too long")
    for group in ("The peer:", "Network and link:", "Limits:"):
        t.contains(t.ghostpeer("run", "--help").text, group, "the groups of options")


@test
def the_first_profile_runs_and_is_not_written_twice(t):
    file = t.path("mine.yaml")
    t.equal(t.ghostpeer("init", file).status, 0, "exit status of init")
    again = t.ghostpeer("init", file)
    t.equal(again.status, 125, "exit status of init where the file is there")
    t.contains(again.errors, "is there already", "what init says then")
    run = t.run(file, ["curl", "-sS", f"http://{PEER}/"])
    t.equal(run.status, 56, "curl's status")
    t.contains(run.trace, "the faults happened as told", "the verdict")


@test
def doctor_tells_what_works(t):
    run = t.ghostpeer("doctor")
    t.equal(run.status, 0, "exit status")
    lines = {line[:18].strip(): line[20:] for line in run.text.splitlines() if line[:1] != " "}
    t.equal(set(lines), {"this machine", "run", "--link tun", "--link ethernet", "--link loopback",
                         "--syscalls", "--warp", "limits"}, "what it has tried")
    t.contains(lines["run"], "works", "the ordinary run")
    t.contains(lines[f"--link {t.link}"], "works", "the link of this test")


@test
def schemas_are_printed_for_editors(t):
    schema = json.loads(t.ghostpeer("schema").text)
    names = schema["properties"]["extends"]["anyOf"][0]["enum"]
    t.equal(names, CATALOGUE, "names that an editor completes")
    t.contains(t.ghostpeer("schema", "events").text, '"event"', "the schema of events")
