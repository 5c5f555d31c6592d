"""RST with the right number, in the window, and beyond it, in each state that the program's socket
can be in (RFC 5961, 3.2; RFC 9293, 3.10.7.4): reset-in-window with other rules around it."""

from harness import PEER, TABLE, brief

# What the program does after its connect(), the peer's rules around the RST, the moment after which
# it goes, and what /proc/net/tcp calls the program's state.
STATES = {
    "established": ("", "", "enter established", "01"),
    "fin_wait_1": ("s.shutdown(1)", "- {on: receive fin, do: drop}", "receive fin", "04"),
    "fin_wait_2": ("s.shutdown(1)", "", "enter close-wait", "05"),
    "close_wait": ("", "- {on: enter established, do: shutdown}", "enter fin-wait-2", "08"),
    "last_ack": ("time.sleep(0.1); s.close()",
                 "- {on: enter established, do: shutdown}\n- {on: receive fin, do: drop}",
                 "receive fin", "09"),
    "closing": ("s.close()", "- {on: receive fin, first: 1, do: [drop, close]}\n"
                             "- {on: receive fin, do: drop, optional: true}", "receive fin", "0B"),
    "time_wait": ("s.close()", "- {on: receive fin, first: 1, do: close}", "enter time-wait", "06"),
}
# The RST's number, whether it ends the connection, whether a challenge ACK answers it.
NUMBERS = {"snd.nxt": (True, False), "snd.nxt+1000": (False, True),
           "snd.nxt+snd.wnd+1": (False, False)}

PROGRAM = f"""
    import socket, sys, time
    s = socket.create_connection(("{PEER}", 8080))
    port = "%04X" % s.getsockname()[1]
    exec(sys.argv[1])
    time.sleep(0.5)
    rows = [line.split() for line in open("{TABLE}")]
    print(*[row[3] for row in rows if row[1].endswith(":" + port)] or ["gone"])
"""


def resets(state):
    does, rules, at, seen = STATES[state]

    def check(t):
        profile = t.profile("summary: Resets by number.\nextends: reset-in-window\n"
                            "after_eof: keep-open\nrules:\n" + (rules or "[]").replace("[]", "  []"))
        for seq, (ends, answered) in NUMBERS.items():
            run = t.passed(t.run(profile, t.python(PROGRAM, does),
                                 sets={"at": at, "after": "50ms", "seq": seq}))
            what = f"after RST at {seq}"
            # 07 is CLOSE: the connection is gone, the program's descriptor is not.
            left = run.text.strip()
            t.check(left in ("gone", "07") if ends else left == seen, f"{what} the state is {left}")
            rst = [s for s in run.sent("rst") if s.rule][0]
            answers = [s for s in run.received("ack") if rst.t <= s.t < rst.t + 0.1]
            expected = answered and state != "time_wait"
            t.equal(bool(answers), expected, f"an answer {what}")

    check.__name__ = state
    check.__doc__ = f"RST to a socket in {state}"
    return brief(check)


for _state in STATES:
    globals()[_state] = resets(_state)
