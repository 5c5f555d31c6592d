"""Event streams (include/ghostpeer/event-stream.md) for the tests of the page."""

PROGRAM, PEER = "198.18.0.1:40404", "198.18.0.2:80"


def segment(t, direction, what, flags, seq, ack, length=0, conn=1, fate=None, **more):
    inward = direction == "in"
    ends = (f"198.18.0.1:{40403 + conn}", PEER)
    src, dst = ends if inward else ends[::-1]
    return {"t": t, "event": "segment", "conn": conn, "attempt": conn, "dir": direction,
            ("kind" if inward else "reason"): what, "src": src, "dst": dst, "flags": flags, "seq": seq,
            "ack": ack, "raw_seq": (seq + 4294967290) % 2**32, "raw_ack": (ack + 77) % 2**32 if ack else 0,
            "len": length, "win": 63, "window": 64512,
            "options": {"timestamps": {"val": int(t * 1000), "ecr": 5}},
            "fate": fate or ("accepted" if inward else "sent"), **more}


def handshake(t, conn=1):
    return [{"t": t, "event": "attempt", "conn": conn, "attempt": conn,
             "src": f"198.18.0.1:{40403 + conn}", "dst": PEER},
            segment(t, "in", "syn", "S", 0, 0, conn=conn),
            segment(t, "out", "syn-ack", "SA", 0, 1, conn=conn),
            {"t": t, "event": "state", "conn": conn, "attempt": conn, "from": "listen", "to": "syn-received"},
            segment(t + 0.0001, "in", "ack", "A", 1, 1, conn=conn),
            {"t": t + 0.0001, "event": "state", "conn": conn, "attempt": conn, "from": "syn-received",
             "to": "established"}]


def verdict(t, headline, rules=(), **more):
    return {"t": t, "event": "verdict", "pass": headline.startswith("pass"), "status": 0,
            "headline": headline, "failures": [], "ended": "command", "duration": t, "seed": 42,
            "attempts": 1, "rules": list(rules), "expectations": [], "lost": [], **more}


def rule(file, line, fired, withheld, on="receive keepalive-probe",
         source="- on: receive keepalive-probe\n  do: drop"):
    return {"file": file, "line": line, "on": on, "fired": fired, "withheld": withheld, "source": source}


def socket(t, state, timer="none", retries=0, **more):
    return {"t": t, "event": "socket", "src": PROGRAM, "dst": PEER, "state": state, "timer": timer,
            "expires": 1.0, "retries": retries, "recv_q": 0, "send_q": 0, **more}


def keepalive(file="nat.yaml"):
    by = {"file": file, "line": 7}
    events = handshake(0.1)
    events += [segment(0.2, "in", "data", "PA", 1, 1, 10), segment(0.2, "out", "ack", "A", 1, 11),
               segment(0.2, "out", "data", "PA", 1, 11, 20), segment(0.2, "in", "ack", "A", 11, 21),
               socket(0.2, "ESTAB", "keepalive")]
    for n in range(3):
        events += [segment(5.0 + n, "in", "keepalive-probe", "A", 10, 21, fate="dropped", rule=by),
                   socket(5.0 + n, "ESTAB", "keepalive", n + 1)]
    events += [segment(8.0, "in", "rst", "RA", 11, 21),
               {"t": 8.0, "event": "state", "conn": 1, "attempt": 1, "from": "established", "to": "closed"},
               socket(8.0, "GONE"), {"t": 8.01, "event": "exit", "status": 1}]
    return events + [verdict(8.01, "COMMAND failed (1); the faults happened as told; it ended after 8.010 s",
                             [rule(file, 7, 3, 3)], status=1)]


def lost_synack():
    events = handshake(0.1)[:2]
    events += [segment(0.1, "out", "syn-ack", "SA", 0, 1, fate="dropped", rule={"file": "lost.yaml", "line": 4}),
               segment(1.1, "out", "syn-ack", "SA", 0, 1, retransmission=True),
               segment(1.1001, "in", "ack", "A", 1, 1), segment(1.1002, "in", "fin", "FA", 1, 1),
               {"t": 1.2, "event": "exit", "status": 0}]
    return events + [verdict(1.2, "pass, COMMAND exited with status 0 after 1.200 s",
                             [rule("lost.yaml", 4, 1, 1)])]


def long_idle():
    events = [one for one in handshake(0.1) if one["event"] != "segment"]
    events += [segment(0.1, "in", "syn", "S", 0, 0), segment(0.1, "out", "syn-ack", "SA", 0, 1),
               segment(0.103, "in", "ack", "A", 1, 1), segment(7200.103, "in", "data", "PA", 1, 1, 5),
               {"t": 7200.2, "event": "exit", "status": 0}]
    events.sort(key=lambda one: one["t"])
    return events + [verdict(7200.2, "pass, COMMAND exited with status 0 after 2 h")]


def bulk(count, file="bulk.yaml"):
    """COUNT segments: data and acknowledgements by turns, each hundredth data segment lost once."""
    events = handshake(0.1)[:1]
    seq, t = 1, 0.1
    for i in range(count // 2):
        t = round(t + 0.00003 + (0.25 if i % 5000 == 4999 else 0), 9)
        lost, again = i % 100 == 50, i % 100 == 51
        events.append(segment(t, "in", "data", "PA", seq, 1, 1448, fate="dropped" if lost else None,
                              **({"rule": {"file": file, "line": 3}} if lost else {}),
                              **({"retransmission": True} if again else {})))
        seq += 0 if lost else 1448
        events.append(segment(round(t + 0.00001, 9), "out", "ack", "A", 1, seq))
    end = round(t + 0.01, 9)
    return events + [{"t": end, "event": "exit", "status": 0},
                     verdict(end, "pass, COMMAND exited with status 0",
                             [rule(file, 3, count // 200, count // 200, "receive data")])]


def crowd(count):
    events = [one for conn in range(1, count + 1) for one in handshake(0.1 * conn, conn)]
    return events + [{"t": 1.0, "event": "exit", "status": 0}, verdict(1.0, "pass, COMMAND exited")]


def hostile(text):
    """A text from outside, everywhere that one can stand."""
    events = keepalive(text)
    events[1:1] = [{"t": 0.01, "event": "notice", "what": text, "text": text},
                   {"t": 0.02, "event": "log", "conn": 1, "attempt": 1, "file": text, "line": 1, "text": text},
                   {"t": 0.03, "event": "rule", "conn": 1, "attempt": 1, "file": text, "line": 1,
                    "action": text, "detail": text},
                   {"t": 0.04, "event": "call", "name": text, "args": text, "fd": text, "errno": text,
                    "result": text, "began": 0.01, "took": 0.5, "pid": text, "conn": 1, text: text},
                   {"t": 0.05, "event": "segment", "conn": 1, "dir": text, "kind": text, "src": text,
                    "dst": text, "flags": text, "seq": text, "fate": text, "changes": [text],
                    "options": {text: text, "sack": [[text, text]]}, text: text},
                   {"t": 0.06, "event": "state", "conn": 1, "from": text, "to": text},
                   {"t": 0.07, "event": "attempt", "conn": 2, "attempt": text, "src": text, "dst": text},
                   {"t": 0.08, "event": "socket", "src": text, "dst": text, "state": text, "timer": text},
                   {"t": 0.09, "event": "icmp", "conn": 1, "kind": text, "fate": text, "mtu": text,
                    "quoted": {"flags": text}, "rule": {"file": text, "line": 2}},
                   {"t": 0.0, "event": "run", "command": [text], "kernel": text, "version": text}]
    events[-1].update(headline=text, failures=[text], lost=[text], kernel=text,
                      expectations=[{"file": text, "line": 1, "expect": text, "pass": False, "seen": 0,
                                     "times": [], "failure": text, "conversation": [text]}],
                      rules=[rule(text, 7, 3, 3, text, text)])
    return events
