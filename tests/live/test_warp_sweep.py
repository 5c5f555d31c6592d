"""`sweep`: every fault at every segment of a real program's conversation, in virtual time."""

import glob
import json
import os
import re
import shlex
import signal
import subprocess
import time
import xml.etree.ElementTree

from harness import PEER, test
from sweep_support import outcomes, results, sweep
from warp_support import alive, below, folders, guest

SWEEP_PAGE = os.path.join(os.path.dirname(__file__), "../../include/ghostpeer/sweep.md")
README = os.path.join(os.path.dirname(__file__), "../../README.md")
CURL = ["curl", "-sS", f"http://{PEER}/"]


@test
def curl_hangs_where_the_peer_stops_reading(t):
    t.need("curl")
    some = ["--faults", "stall,close", "--at", "1st syn in", "--at", "1st data", "--limit", "20m",
            "--snapshot", "snap.yaml"]
    run = sweep(t, *some, "--json", "all.json", "--junit", "all.xml", "--report", "grid.html",
                command=CURL)
    t.equal(run.status, 0, f"exit status with a snapshot that is new ({run.errors})")
    told = results(t)
    seen = outcomes(told)
    t.equal(seen[("stall", "1st data in of attempt 1")], "hang", "where the request is not read")
    t.equal(seen[("stall", "1st data out of attempt 1")], "fine", "where the answer is under way")
    t.equal(seen[("close", "1st data in of attempt 1")], "error", "where it closes before")
    t.check(told["left_out"] > 0, "nothing was left out")
    suites = xml.etree.ElementTree.parse(t.path("all.xml")).getroot()
    t.equal(int(suites.get("failures")), told["outcomes"]["hang"], "failures in JUnit's XML")

    with open(t.path("grid.html"), encoding="utf-8") as file:
        links = re.findall(r'"page": "(out/\d+\.html)"', file.read())
    t.equal(len(links), len(told["runs"]), "links from the page to those of the runs")
    t.check(all(os.path.exists(t.path(link)) for link in links), "a page is not there")

    # The line that repeats a finding does so.
    hung = next(run for run in told["runs"] if run["outcome"] == "hang")
    again = subprocess.run(hung["repeat"].replace("ghostpeer", t.environment.ghostpeer, 1),
                           shell=True, cwd=t.folder, capture_output=True, text=True, timeout=60,
                           check=False)
    t.equal(again.returncode, 124, f"exit status of {hung['repeat']}: {again.stderr}")

    # The same again: the same table, and nothing new for the snapshot.
    second = sweep(t, *some, command=CURL)
    t.equal(second.status, 0, f"exit status of the second ({second.errors})")
    t.contains(second.text, "Nothing differs from the snapshot snap.yaml.", "the output")
    t.equal(second.text.partition("Nothing differs")[0], run.text, "the table")

    # Another program is a finding, until it is accepted.
    changed = sweep(t, *some, command=[*CURL, "--max-time", "5"])
    t.equal(changed.status, 123, f"exit status of another program ({changed.errors})")
    t.contains(changed.text, "stall, 1st data in of attempt 1: error, status 28, seconds (was: hang)",
               "the differences")


@test
def a_cut_answer_is_taken_for_a_whole_one(t):
    t.need("nc")
    t.write("old.yaml", "summary: An answer without a length.\nextends: healthy\n"
            "service: {respond: {when: \"\\r\\n\\r\\n\", then: close,"
            " text: \"HTTP/1.0 200 OK\\r\\n\\r\\nall of it\\n\"}}\n")
    run = sweep(t, "./old.yaml", "--faults", "truncate", "--bytes=3", "--json", "all.json",
                command=["sh", "-c", f"printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc {PEER} 80"])
    t.equal(run.status, 123, f"exit status ({run.errors})")
    t.equal(results(t)["outcomes"]["wrong"], 3, "wrong")
    t.check(os.path.exists(t.path("out/0001.yaml")), "the profile is not there")


@test
def a_request_that_is_made_twice_is_told(t):
    client = t.python("""
        import http.client
        for attempt in range(2):
            try:
                c = http.client.HTTPConnection("198.18.0.2", 80)
                c.request("POST", "/orders", body="one book")
                print(c.getresponse().read())
                break
            except OSError:
                continue
            except http.client.HTTPException:
                continue
    """)
    t.write("orders.yaml", "summary: Takes orders.\nextends: healthy\n"
            "service: {respond: {when: \"one book\","
            " text: \"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok\"}}\n")
    run = sweep(t, "./orders.yaml", "--faults", "reset", "--at", "1st syn in", "--at",
                "1st data out", "--fail-on", "duplicate", "--json", "all.json", command=client)
    t.equal(run.status, 123, f"exit status ({run.text}{run.errors})")
    seen = outcomes(results(t))
    t.equal(seen[("reset", "1st data out of attempt 1")], "duplicate", "reset before the answer")
    t.equal(seen[("reset", "1st syn in of attempt 1")], "fine", "reset before the request")


@test
def a_program_that_repeats_its_post_is_told(t):
    t.need("curl")
    some = ["--faults", "reset,close", "--at", "1st ack out", "--at", "1st syn in", "--fail-on",
            "duplicate", "--json", "all.json"]
    run = sweep(t, *some, command=["curl", "-sS", "--retry", "3", "--retry-all-errors", "-d",
                                   "one book", f"http://{PEER}/"])
    t.equal(run.status, 123, f"exit status ({run.text}{run.errors})")
    seen = outcomes(results(t))
    for fault in "reset", "close":
        t.equal(seen[(fault, "1st ack out of attempt 1")], "duplicate", f"{fault} behind the POST")
    t.equal(seen[("reset", "1st syn in of attempt 1")], "fine", "a refused connection")


@test
def who_only_polls_is_found_out_sooner(t):
    t.need("curl")
    run = sweep(t, "--faults", "stall", "--at", "1st data in", "--json", "all.json", command=CURL)
    t.equal(run.status, 123, f"exit status ({run.text}{run.errors})")
    found, = results(t)["runs"]
    t.equal(found["outcome"], "hang", "the outcome")
    t.check(3600 <= found["seconds"] < 5400, f"it was found after {found['seconds']} s")
    # Whoever has a time of its own that is over within the hour is waited for.
    run = sweep(t, "--faults", "stall", "--at", "1st data in", "--json", "all.json",
                command=[*CURL, "--max-time", "3500"])
    t.equal([one["said"] for one in results(t)["runs"]], ["status 28 after 58 min 20 s"], "its end")


@test
def shards_together_are_one_run(t):
    t.need("curl")
    some = ["-q", "--faults", "close,stall", "--at", "data", "--at", "syn", "--limit", "20m"]
    files = {"--json": "all.json", "--tap": "all.tap", "--junit": "all.xml", "--report": "all.html",
             "--snapshot": "snap.yaml"}
    options = [word for pair in files.items() for word in pair]
    for folder in "whole", "parts":
        os.mkdir(t.path(folder))
        if t.environment.uid:
            os.chown(t.path(folder), t.environment.uid, t.environment.uid)
    guest(t)
    whole = t.ghostpeer("sweep", *some, "--fail-on", "none", *options, "--", *CURL,
                        cwd=t.path("whole"), limit=120)
    t.equal(whole.status, 0, f"exit status ({whole.errors})")
    shards_by_parallel(t, some)
    merged = t.ghostpeer("sweep", "--fail-on", "none", "--merge", "part1", "part2", *options,
                         cwd=t.path("parts"), limit=60)
    t.equal(merged.status, 0, f"exit status ({merged.errors})")
    t.equal(merged.text, whole.text, "the table")
    for name in files.values():
        with open(t.path(f"whole/{name}"), "rb") as one, open(t.path(f"parts/{name}"), "rb") as two:
            pairs = zip(one.read().splitlines(), two.read().splitlines(), strict=True)
        t.equal([pair for pair in pairs if pair[0] != pair[1]], [],
                f"lines of {name} that differ between one run and its shards")
    pages = [len(glob.glob(t.path(f"{folder}/sweep/*.html"))) for folder in ("whole", "parts")]
    t.check(pages[0] == pages[1] > 0, f"pages of single runs: {pages}")

    for parts, words in ((["part1"], "Shard 2/2 is missing."),
                         (["part1", "part2", "part2"], "Shard 2/2 is there twice")):
        odd = t.ghostpeer("sweep", "--fail-on", "none", "--merge", *parts, cwd=t.path("parts"),
                          limit=60)
        t.equal(odd.status, 123, f"exit status with {parts}")
        t.contains(odd.errors, words, f"what is said of {parts}")
    own = t.ghostpeer("sweep", "--merge", "part1", "part2", "-o", "part2", cwd=t.path("parts"),
                      limit=60)
    t.equal(own.status, 125, f"exit status where a part would be overwritten ({own.errors})")


def shards_by_parallel(t, options):
    """As the reference's line does it, with this machine for all the others."""
    t.need("parallel")
    with open(SWEEP_PAGE, encoding="utf-8") as file:
        line = re.search(r"^(parallel .*?) ::: ", file.read(), re.M | re.S)[1]
    words = line.replace("\\\n", " ").replace(":,two.example,three.example", "2/:")
    words = words.replace("{}/3", "{}/2").replace("ghostpeer", t.environment.ghostpeer, 1)
    words = words.replace("-q", shlex.join(options), 1)
    words = words.replace("-- ./client", f"-- {shlex.join(CURL)}")
    uid = t.environment.uid
    who = {"user": uid, "group": uid, "extra_groups": []} if uid else {}
    run = subprocess.run(f"{words} ::: 1 2", shell=True, cwd=t.path("parts"), timeout=120,
                         capture_output=True, text=True, check=False,
                         env={**os.environ, "HOME": t.path("parts")}, **who)
    t.equal(run.returncode, 0, f"exit status of {words} ({run.stdout}{run.stderr})")


@test
def a_shard_is_found_in_the_environment(t):
    t.need("nc")
    guest(t)
    run = t.ghostpeer("sweep", "-q", "--shard", "auto", "--faults", "lose", "--at", "syn",
                      "--", "sh", "-c", f"echo | nc -N {PEER} 80", cwd=t.folder, limit=60,
                      env={"CIRCLE_NODE_INDEX": "1", "CIRCLE_NODE_TOTAL": "2"})
    t.equal(run.status, 0, f"exit status ({run.text}{run.errors})")
    with open(t.path("sweep/shard"), encoding="utf-8") as file:
        t.equal(file.read(), "2/2\n", "the shard")
    t.contains(run.text, "2 runs: 1 fine, 1 not run", "the sum")


@test
def what_is_interrupted_is_gone_on_with(t):
    t.need("curl")
    guest(t)
    words = [t.environment.ghostpeer, "sweep", "-j1", "--faults", "lose", "--at", "in of", "--",
             *CURL]
    uid = t.environment.uid
    who = {"user": uid, "group": uid, "extra_groups": []} if uid else {}
    process = subprocess.Popen(words, cwd=t.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               text=True, **who)
    path = t.path("sweep/results.jsonl")
    t.eventually(lambda: os.path.exists(path), "the first result", limit=60)
    process.send_signal(signal.SIGINT)
    text, errors = process.communicate(timeout=30)
    t.equal(process.returncode, 130, f"exit status ({errors})")
    t.contains(text, "not run", "the table")
    t.contains(errors, "ghostpeer sweep --resume sweep -j1 --faults lose --at 'in of' -- curl -sS", "how to go on")
    with open(path, encoding="utf-8") as file:
        done = len(file.readlines())
    on = t.ghostpeer("sweep", "-q", "--resume", "sweep", cwd=t.folder, limit=120)
    t.equal(on.status, 0, f"exit status ({on.errors})")
    with open(path, encoding="utf-8") as file:
        numbers = [json.loads(line)["number"] for line in file]
    t.equal(sorted(numbers), list(range(1, len(numbers) + 1)), "what was done, once each")
    t.check(done < len(numbers), "nothing was left to do")
    t.check("not run" not in on.text, f"the table is not whole: {on.text}")


@test
def a_sweep_that_is_killed_leaves_nothing(t):
    guest(t)
    before = folders()
    process = subprocess.Popen(
        [t.environment.ghostpeer, "sweep", "-q", "-j2", "--faults", "stall", "--real", "--timeout",
         "50s", "--", "sh", "-c", f"echo | nc -N {PEER} 80"],
        cwd=t.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    t.eventually(lambda: len(below(process.pid)) >= 4, "runs at work", limit=30)
    started = below(process.pid)
    process.kill()
    process.wait()
    t.eventually(lambda: not any(alive(pid) for pid in started), "all of them are gone", limit=10)
    t.eventually(lambda: not folders() - before, "their folders are gone", limit=10)


@test
def each_run_has_its_own_folder_and_its_own_start(t):
    t.need("nc")
    os.makedirs(t.path("data"))
    t.write("data/count", "0\n")
    command = ["sh", "-c", f"n=$(cat count); echo $((n + 1)) > count; cat count; "
                           f"echo | nc -N {PEER} 80"]
    run = sweep(t, "--faults", "lose", "--at", "1st data in", "--copy", "data", "--setup",
                "test -e count && echo x >> ../../log", "--teardown", "echo y >> ../../log",
                command=command)
    t.equal(run.status, 0, f"exit status ({run.text}{run.errors})")
    with open(t.path("data/count"), encoding="utf-8") as file:
        t.equal(file.read(), "0\n", "the folder that copies are made of")
    with open(t.path("log"), encoding="utf-8") as file:
        log = file.read()
    runs = len(glob.glob(t.path("out/*.yaml")))
    t.equal((log.count("x"), log.count("y")), (runs + 2, runs + 2), "setups and teardowns")
    t.equal(glob.glob(t.path("out/*.copy")), [], "copies that are left")


@test
def what_cannot_be_swept_is_told(t):
    for arguments, command, words in (
            ([], [], "there is no COMMAND"),
            (["--faults", "explode"], CURL, "there is no fault `explode`"),
            (["--shard", "3/2"], CURL, "--shard needs K/N"),
            (["--fail-on", "sad"], CURL, "there is no outcome"),
            (["--resume", "nowhere"], [], "is no folder of a sweep"),
            (["--merge", "nowhere"], [], "is no folder of a sweep"),
            (["--update"], CURL, "--update needs"),
            (["no-such-profile"], CURL, "no-such-profile"),
            ([], ["true"], "there is no conversation"),
            ([], ["false"], "COMMAND fails by itself"),
            ([], ["false"], "ghostpeer list --tag protocol"),
            ([], ["no-such-program"], "COMMAND could not be run"),
            (["--limit", "10s"], ["sleep", "60"], "COMMAND does not end by itself"),
            (["--attempt", "2"], CURL, "COMMAND has no attempt 2"),
            (["--real", "--free-work", "9s"], CURL, "--free-work is of virtual time"),
            (["--free-work", "long"], CURL, "--free-work"),
            (["--at", "nowhere"], CURL, "no position that is called so"),
            (["--faults", "corrupt"], ["nc", "-z", PEER, "80"], "None of these faults"),
    ):
        run = sweep(t, *arguments, command=command)
        t.equal(run.status, 125, f"exit status of {arguments} {command} ({run.text}{run.errors})")
        t.contains(run.errors, words, f"what is said of {arguments} {command}")
    unsteady = sweep(t, "-j1", "--faults", "lose", command=[
        "sh", "-c", f"echo line >> lines; cat lines; echo | nc -N {PEER} 80"])
    t.equal(unsteady.status, 125, f"exit status of what does not repeat itself ({unsteady.errors})")
    t.contains(unsteady.errors, "COMMAND does not repeat itself", "what is said of it")


@test
def a_full_disk_ends_it_with_what_there_is(t):
    t.need("nc")
    command = ["sh", "-c", f"echo | nc -N {PEER} 80"]
    run = sweep(t, "--faults", "lose", "-o", "/dev/full/x", command=command)
    t.equal(run.status, 125, f"exit status ({run.errors})")
    t.contains(run.errors, "cannot be made", "what is said of a folder")
    run = sweep(t, "--faults", "reset", "--at", "1st syn in", "--json", "/dev/full",
                command=command)
    t.equal(run.status, 125, f"exit status ({run.errors})")
    t.contains(run.errors, "/dev/full cannot be written: No space left on device", "what is said")


@test
def the_readme_shows_what_is_printed(t):
    t.need("curl")
    version = subprocess.run(["curl", "--version"], capture_output=True, text=True, check=True)
    with open(README, encoding="utf-8") as file:
        told = re.search(r"^Part of what it says about curl ([0-9.]*[0-9]) with `(.*)`:\n\n"
                         r"```text\n(.*?)^```$", file.read(), re.M | re.S)
    if not version.stdout.startswith(f"curl {told[1]}."):
        t.skip(f"the README is about curl {told[1]}")
    guest(t)
    run = t.ghostpeer("sweep", "-q", *shlex.split(told[2]), "--", *CURL, cwd=t.folder, limit=240)
    t.equal(run.status, 123, f"exit status ({run.errors})")
    rest = run.text
    for line in told[3].splitlines():
        _, found, rest = rest.partition(line + "\n")
        t.check(found, f"the README shows a line that is not printed: {line}")


@test
def a_server_is_swept_and_the_next_client_still_served(t):
    server = """
        import socket
        listener = socket.create_server(("", 8080))
        while True:
            connection, _ = listener.accept()
            with connection:
                %s
                    if connection.recv(100):
                        connection.sendall(b"an answer")
                %s
    """
    some = ["--port", "8080", "--faults", "reset,silence,refuse-next", "--at", "1st data", "--json",
            "all.json"]
    robust = t.python(server % ("try:", "except OSError: pass"))
    run = sweep(t, *some, command=robust)
    told = results(t)
    t.check(told["profile"] == "healthy-client", f"the profile is {told['profile']}")
    t.check(told["outcomes"]["unreached"] == 0 and len(told["runs"]) == 4,
            f"a position in a phase of the client's was not met: {told['outcomes']}")
    seen = outcomes(told)
    t.equal(seen[("reset", "1st data out of attempt 1")], "fine", f"a reset {run.text}")
    # It serves one after another, and the first has fallen silent.
    t.equal(seen[("silence", "1st data out of attempt 1")], "hang", "the next client")
    t.contains(run.text, "the next client got no answer", "the findings")
    t.equal(run.status, 123, f"exit status ({run.errors})")

    fragile = t.python(server % ("if True:", ""))
    run = sweep(t, *some, command=fragile)
    seen = outcomes(results(t))
    t.equal(seen[("reset", "1st data out of attempt 1")], "crash", f"a reset ({run.text})")


@test
def a_survey_tries_what_fits(t):
    t.need("curl")
    guest(t)
    run = t.ghostpeer("survey", "-q", "refuse", "truncated-response", "keepalive-reset",
                      "silent-after-bytes", "--set", "bytes=1,1MB", "--seeds", "2", "--json",
                      "all.json", "--", *CURL, "--max-time", "5", cwd=t.folder, limit=120)
    t.equal(run.status, 0, f"exit status ({run.text}{run.errors})")
    seen = outcomes(results(t))
    t.equal(seen[("refuse", "seed 1")], "error", "refuse")
    t.equal(seen[("keepalive-reset", "seed 2")], "unreached", "keepalive-reset")
    t.equal((seen[("silent-after-bytes bytes=1", "seed 1")],
             seen[("silent-after-bytes bytes=1MB", "seed 1")]), ("error", "unreached"), "values")
    programs = t.write("programs", f"# two\ncurl: curl -sS http://{PEER}/\n"
                                   f"nc: echo | nc -N {PEER} 80\n")
    run = t.ghostpeer("survey", "-q", "--programs", programs, "refuse", cwd=t.folder, limit=120)
    t.equal(run.status, 0, f"exit status ({run.text}{run.errors})")
    t.contains(run.text, "  refuse  1   error      status 7 at once\n"
                         "          2   error      status 1 at once, nothing new on standard error\n",
               "the table")
    for arguments, words in ((["no-such"], "no-such"), (["half-close-client"], "is a client"),
                             (["refuse", "--set", "x=1"], "none of the profiles declares it"),
                             (["--tag", "reset", "--tag", "client", "--tag", "data"], "fits"),
                             (["--programs", "nowhere", "refuse"], "do not go together")):
        run = t.ghostpeer("survey", "-q", *arguments, "--", *CURL, cwd=t.folder, limit=60)
        t.equal(run.status, 125, f"exit status of {arguments} ({run.text}{run.errors})")
        t.contains(run.errors, words, f"what is said of {arguments}")
