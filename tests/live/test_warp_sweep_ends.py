"""How a program ended in a sweep: what it said, and what it left."""

import json
import os

from harness import PEER, test
from sweep_support import results, sweep


@test
def what_is_left_and_what_is_said_is_told(t):
    # It gives the connection to another program where it has got no answer, and says so or not.
    client = t.python("""
        import os, signal, socket, sys
        s = socket.create_connection(("198.18.0.2", 80))
        s.settimeout(5)
        s.sendall(b"GET / HTTP/1.0\\r\\n\\r\\n")
        try:
            s.recv(1000)
            sys.exit(0)
        except ConnectionError:
            print("it goes on at", os.getpid(), file=sys.stderr)
            sys.exit(0)
        except TimeoutError:
            pass
        if os.fork() == 0:
            signal.pause()
        os._exit(1)
    """)
    run = sweep(t, "--faults", "silence,reset", "--at", "1st data in", "--json", "all.json",
                "--snapshot", "snap.yaml", "--report", "page.html", command=client)
    t.equal(run.status, 0, f"exit status with a snapshot that is new ({run.text}{run.errors})")
    told = {one["fault"]: one for one in results(t)["runs"]}
    t.equal((told["silence"]["outcome"], told["silence"]["left_open"],
             told["silence"]["left_behind"], told["silence"]["errors"]), ("leak", 1, 1, "same"),
            "what is left where it fell silent")
    t.contains(told["silence"]["remark"], "left behind: python3", "the remark")
    t.contains(told["silence"]["said"], " s, nothing new on standard error, 1 program left behind, "
               "1 connection left open", "its end")
    t.equal((told["reset"]["outcome"], told["reset"]["errors"]), ("fine", "other"), "a reset")
    t.contains(told["reset"]["error_line"], "it goes on at", "what it said")
    with open(t.path("snap.yaml"), encoding="utf-8") as file:
        t.contains(file.read(), '"reset, 1st data in of attempt 1": "fine, status 0, at once, '
                   'other standard error"', "the snapshot")
    with open(t.path("page.html"), encoding="utf-8") as file:
        t.contains(file.read(), "it goes on at", "the page")


@test
def a_server_that_does_not_close_is_told(t):
    server = t.python("""
        import select, socket, time
        listener = socket.create_server(("", 8080))
        held = []
        while True:
            connection, _ = listener.accept()
            connection.recv(100)
            time.sleep(0.3)
            gone = select.poll()
            gone.register(connection, select.POLLRDHUP)
            if gone.poll(0):  # nobody wants the answer, and the connection is forgotten
                held.append(connection)
                continue
            connection.sendall(b"an answer")
            connection.recv(100)
            connection.close()
    """)
    run = sweep(t, "--port", "8080", "--faults", "close", "--at", "1st data out", "--json",
                "all.json", command=server)
    told, = results(t)["runs"]
    t.equal((told["outcome"], told["left_open"]), ("leak", 1), f"where nothing was asked {run.text}")


@test
def a_fault_of_ones_own_is_tried_where_it_can_be(t):
    t.need("nc")
    client = ["sh", "-c", f"echo | nc -N {PEER} 80"]
    for text in "reset\n", "- reset\n", "# as if killed\ndo:\n  - reset\n", "do: [reset]\n":
        file = t.write("own.yaml", text)
        run = sweep(t, "--fault", file, "--at", "1st data in", "--json", "all.json", command=client)
        t.equal([one["outcome"] for one in results(t)["runs"]], ["fine"],
                f"outcomes with {text!r} ({run.text}{run.errors})")
    for text in "explode: 3\n", "summary: x\nrules: []\n":
        run = sweep(t, "--fault", t.write("own.yaml", text), "--at", "1st data in", command=client)
        t.equal(run.status, 125, f"exit status with {text!r} ({run.text}{run.errors})")
        t.contains(run.errors, "the fault own cannot be at any of these positions", "what is said")
        t.check(not os.path.exists(t.path("out/0000.yaml")), "a profile that nobody asked for")
    # Some actions need a segment of the program's, or one with a payload.
    run = sweep(t, "--fault", t.write("own.yaml", "{corrupt: payload}\n"), "--json", "all.json",
                command=client)
    told = results(t)
    numbers = [one["number"] for one in told["runs"]]
    t.equal(numbers, list(range(1, len(numbers) + 1)), f"the runs' numbers ({run.errors})")
    t.check("undone" not in told["outcomes"] or told["outcomes"]["undone"] == 0,
            f"what cannot be is left out: {json.dumps(told['outcomes'])}")


@test
def what_is_around_a_run_and_fails_is_told(t):
    t.need("nc")
    client = ["sh", "-c", f"echo | nc -N {PEER} 80"]
    os.makedirs(t.path("data"), exist_ok=True)
    if t.environment.uid:
        os.chown(t.path("data"), t.environment.uid, t.environment.uid)
    for options, words in (
            (["--setup", "echo no room >&2; exit 4"],
             "`echo no room >&2; exit 4` failed with status 4, so the run was not begun. It said: "
             "no room"),
            (["--teardown", "echo still there >&2; exit 5"],
             "`echo still there >&2; exit 5` failed with status 5. It said: still there"),
            (["--copy", "nowhere"], "--copy nowhere: there is no such folder."),
            (["--copy", ".", "-o", "out"], "--copy .: the runs' files are in it (out)"),
            (["--copy", "data", "-o", "data/out"], "--copy data: the runs' files are in it")):
        run = sweep(t, "--faults", "lose", "--at", "1st data in", *options, command=client)
        t.equal(run.status, 125, f"exit status with {options} ({run.text}{run.errors})")
        t.contains(run.errors, words, f"what is said with {options}")


@test
def a_plan_alone_leaves_what_is_there(t):
    t.need("nc")
    client = ["sh", "-c", f"echo | nc -N {PEER} 80"]
    some = ["--faults", "lose", "--at", "1st data in"]
    t.equal(sweep(t, *some, command=client).status, 0, "exit status of a sweep")
    with open(t.path("out/plan.json"), encoding="utf-8") as file:
        before = json.load(file)
    for command in "sweep", "survey":
        words = some if command == "sweep" else ["refuse"]
        run = t.ghostpeer(command, "-q", "-o", "out", "--plan", "plan.json", *words, "--", *client,
                          cwd=t.folder, limit=60)
        t.equal(run.status, 0, f"exit status of {command} --plan ({run.text}{run.errors})")
        t.check(os.path.exists(t.path("out/results.jsonl")), "what the first one has done is there")
        if command == "sweep":
            with open(t.path("plan.json"), encoding="utf-8") as file:
                t.equal(json.load(file)["runs"], before["runs"], "the plan's runs")
