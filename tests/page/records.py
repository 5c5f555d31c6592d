"""Event streams (include/ghostpeer/event-stream.md) for the tests of the page."""

import json

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


def write_bulk(file, count):
    """A record of COUNT segments, as a run writes it; each 200th data segment is withheld by a rule."""
    handshakes = handshake(0.1)
    for event in handshakes[:1]:
        file.write(json.dumps(event) + "\n")
    data = ('{"t":%.9f,"event":"segment","id":%d,"conn":1,"attempt":1,"dir":"in","kind":"data",'
            '"src":"198.18.0.1:40404","dst":"198.18.0.2:80","flags":"PA","seq":%d,"ack":1,"raw_seq":%d,'
            '"raw_ack":78,"len":1448,"win":502,"window":64256,"options":{"timestamps":{"val":%d,"ecr":5}},'
            '"fate":"%s"%s,"payload":"' + "61" * 64 + '","state":"established"}\n')
    ack = ('{"t":%.9f,"event":"segment","id":%d,"cause":%d,"conn":1,"attempt":1,"dir":"out","reason":"ack",'
           '"src":"198.18.0.2:80","dst":"198.18.0.1:40404","flags":"A","seq":1,"ack":%d,"raw_seq":78,'
           '"raw_ack":%d,"len":0,"win":502,"window":64256,"options":{"timestamps":{"val":5,"ecr":%d}},'
           '"fate":"sent","state":"established"}\n')
    rule = ',"rule":{"file":"bulk.yaml","line":3}'
    seq = 1
    for i in range(count // 2):
        t, number = 0.1 + i * 0.00003, 2 * i + 10
        lost = i % 200 == 100
        file.write(data % (t, number, seq, (seq + 76) % 2**32, i, "dropped" if lost else "accepted",
                           rule if lost else ""))
        seq += 0 if lost else 1448
        file.write(ack % (t + 0.00001, number + 1, number, seq, (seq + 76) % 2**32, i))
    end = round(0.2 + count * 0.000015, 9)
    for event in ({"t": end, "event": "exit", "status": 0},
                  verdict(end, "pass, COMMAND exited with status 0",
                          [{"file": "bulk.yaml", "line": 3, "on": "receive data", "fired": count // 400,
                            "withheld": count // 400}])):
        file.write(json.dumps(event) + "\n")


def hostile(text):
    """A text from outside, everywhere that one can stand, and where none can."""
    events = keepalive(text)
    ends = {"src": PROGRAM, "dst": PEER}
    place = {"file": text, "line": 2}
    events[1:1] = [{"t": 0.01, "event": "notice", "what": text, "text": text},
                   {"t": 0.02, "event": "log", "conn": 1, "attempt": 1, "file": text, "line": 1, "text": text},
                   {"t": 0.03, "event": "rule", "conn": 1, "attempt": 1, "file": text, "line": 1,
                    "action": text, "detail": text},
                   {"t": 0.04, "event": "call", "name": text, "args": text, "fd": 5, "errno": text,
                    "result": text, "detail": text, "began": 0.01, "took": 0.5, "pid": 7, "tid": 7, "conn": 1,
                    "result_fd": text, text: text},
                   {**segment(0.05, "in", "data", "PA", 1, 1, 3, rule=place), "changes": [text], text: text},
                   {"t": 0.05, "event": "segment", "conn": 1, "dir": text, "kind": text, "src": text,
                    "dst": text, "flags": text, "seq": text, "fate": text, "changes": [text],
                    "options": {text: text, "sack": [[text, text]]}, text: text},
                   {"t": 0.06, "event": "state", "conn": 1, "from": text, "to": text},
                   {"t": 0.08, "event": "socket", **ends, "state": text, "timer": "none", "retries": 0,
                    "recv_q": 0, "send_q": 0, "last_state": text},
                   {"t": 0.09, "event": "icmp", "conn": 1, "dir": "out", "kind": "ttl-exceeded",
                    "src": "198.18.0.2", "dst": "198.18.0.1", "fate": "sent", "rule": place,
                    "quoted": {**ends, "flags": "A", "seq": 1, "raw_seq": 2}},
                   {"t": 0.0, "event": "run", "command": [text], "kernel": text, "version": text, "link": text,
                    "epoch": 1.5, "seed": 1, "rtt": 0}]
    events[-1].update(headline=text, failures=[text], lost=[text], kernel=text, ended=text,
                      expectations=[{"file": text, "line": 1, "expect": text, "pass": False, "seen": 0,
                                     "times": [], "failure": text, "conversation": [text]}],
                      rules=[rule(text, 7, 3, 3, text, text)])
    return events
