"""How a program ended in a sweep: what it said, and what it left."""

from harness import test
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
    run = sweep(t, "--faults", "silence,reset", "--at", "1st data in", "--fail-on", "leak", "--json",
                "all.json", "--snapshot", "snap.yaml", "--report", "page.html", command=client)
    t.equal(run.status, 123, f"exit status ({run.text}{run.errors})")
    told = {one["fault"]: one for one in results(t)["runs"]}
    t.equal((told["silence"]["outcome"], told["silence"]["left_open"],
             told["silence"]["left_behind"], told["silence"]["errors"]), ("leak", 1, 1, "same"),
            "what is left where it fell silent")
    t.contains(told["silence"]["remark"], "left behind: python3", "the remark")
    t.equal(told["silence"]["said"], "status 1 after 5.0 s, nothing new on standard error, "
            "1 program left behind, 1 connection left open", "its end")
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
