"""Hosts of other kinds: what a program and its kernel notice of them, and what stands on the wire."""

import struct

from harness import PEER, Late, test

LINUX = "mss sackOK TS nop wscale"
OTHERS = "mss nop wscale sackOK TS"
HOSTS = {  # what the kernel says of it, TTL, DF, and window and options of the SYN-ACK
    "host-linux": ("7 1448 timestamps sack scale HTTP/1.1 200 OK", 64, True, 65160, LINUX),
    "host-windows": ("8 1448 timestamps sack scale HTTP/1.1 200 OK", 128, True, 65535, OTHERS),
    "host-freebsd": ("6 1448 timestamps sack scale HTTP/1.1 200 OK", 64, True, 65535, OTHERS),
    "host-lwip": ("0 536 HTTP/1.1 200 OK", 255, False, 2144, "mss"),
}
KINDS = {0: "eol", 1: "nop", 2: "mss", 3: "wscale", 4: "sackOK", 8: "TS"}

LOOK = """
    import socket, struct, sys
    s = socket.create_connection((sys.argv[1], 8080), timeout=10)
    info = s.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)
    scale, mss = info[6] & 15, struct.unpack_from("I", info, 16)[0]
    names = [n for bit, n in ((1, "timestamps"), (2, "sack"), (4, "scale")) if info[5] & bit]
    s.sendall(b"GET / HTTP/1.1\\r\\n\\r\\n")
    print(scale, mss, *names, s.recv(15).decode())
"""


def syn_ack(path):
    """Of the capture's first SYN-ACK over IPv4: TTL, DF, window, option kinds."""
    with open(path, "rb") as file:
        data = file.read()
    at = 24
    while at < len(data):
        size = struct.unpack_from("<I", data, at + 8)[0]
        packet = data[at + 16:at + 16 + size]
        at += 16 + size
        if packet[0] >> 4 != 4 or packet[9] != 6 or packet[33] & 0x12 != 0x12:
            continue
        options, kinds = packet[40:20 + (packet[32] >> 4) * 4], []
        while options:
            kinds.append(KINDS[options[0]])
            options = options[1 if options[0] < 2 else options[1]:]
        return packet[8], bool(packet[6] & 0x40), struct.unpack_from("!H", packet, 34)[0], kinds
    return None


@test
def a_host_is_what_it_is_called(t):
    for name, (seen, ttl, dont_fragment, window, options) in HOSTS.items():
        capture = t.path(f"{name}.pcap")
        run = t.passed(t.run(name, t.python(LOOK, PEER), options=["--pcap", capture]))
        t.equal(run.text.strip(), seen, f"what the kernel says of {name}")
        found = syn_ack(capture)
        t.equal(found[:2], (ttl, dont_fragment), f"TTL and DF of {name}")
        if t.link != "loopback":  # where the MTU is another, and so Linux's window
            t.equal(found[2], window, f"the window of {name}")
        t.equal(" ".join(found[3]), options, f"the options of {name}")


TWO_WRITES = """
    import socket, sys
    s = socket.create_connection((sys.argv[1], 8080))
    for i in range(2):
        s.send(b"GET / HTTP/1.1\\r\\n")
        s.send(b"Host: x\\r\\n\\r\\n")
        s.recv(65536)
"""


@test
def a_request_in_two_writes_stalls_from_the_first_on(t):
    for name, wait in (("host-linux", 0), ("host-windows", 0.040), ("host-freebsd", 0.040),
                       ("host-lwip", 0.250)):
        run = t.passed(t.run(name, t.python(TWO_WRITES, PEER)))
        first, second = [s for s in run.received("data") if not s.retransmission][:2]
        waited = second.t - first.t
        again = [s for s in run.received("data") if s.retransmission and s.t <= second.t]
        if again:
            # The ACK is later than the kernel's own timeout, and answers what came again.
            wait = again[0].t - first.t
            t.check(name == "host-lwip" and wait >= 0.2, f"{name}: sent again after {wait} s")
        if wait:
            t.near(waited, wait, f"the wait within the first request to {name}")
        elif waited >= 0.040:
            raise Late(f"the first request to {name} waited {waited} s")


READ_ALL = """
    import socket, sys
    s = socket.create_connection((sys.argv[1], 8080))
    left = 20000
    while left > 0:
        left -= len(s.recv(left))
"""


@test
def a_small_device_sends_two_segments_a_round_trip(t):
    for name, count, size in (("host-linux", 10, 1448), ("host-lwip", 2, 536)):
        if t.link == "loopback" and name != "host-lwip":
            continue  # a segment takes more there
        run = t.passed(t.run(t.profile(f"""
            summary: Sends what it has.
            extends: {name}
            service: {{source: {{bytes: 20000}}}}
            """, name=f"{name}.yaml"), t.python(READ_ALL, PEER),
            options=["--rtt", "100ms"]))
        data = run.sent("data")
        t.equal(max(s.len for s in data), size, f"the longest segment of {name}")
        acked = next(s.t for s in run.received("ack") if s.ack > data[0].seq)
        flight = [s for s in data if s.t < acked]
        t.equal(len(flight), count, f"segments of {name} before the first acknowledgement")


CLOSES_ON_UNREAD = """
    import socket, sys
    s = socket.create_connection((sys.argv[1], 8080))
    s.sendall(b"a question")
    heard, end = b"", "EOF"
    try:
        while more := s.recv(100):
            heard += more
    except ConnectionResetError:
        end = "reset"
    print(heard.decode(), end)
"""


@test
def freebsd_closes_with_unread_data_and_is_heard_to_the_end(t):
    for name, end in (("host-linux", "reset"), ("host-windows", "reset"),
                      ("host-freebsd", "EOF"), ("host-lwip", "reset")):
        profile = t.profile(f"""
            summary: Answers without reading, and closes.
            extends: {name}
            service: hold
            rules:
              - {{on: idle 100ms, first: 1, do: [{{say: "no"}}, close]}}
            """, name=f"{name}.yaml")
        run = t.passed(t.run(profile, t.python(CLOSES_ON_UNREAD, PEER)))
        t.equal(run.text.split()[-1], end, f"how {name} ends")
        if end == "EOF":
            t.equal(run.text.strip(), "no EOF", f"what was heard of {name}")


SAME_PORT = """
    import errno, socket, sys, time

    def connect():
        while True:
            try:
                return s.connect((sys.argv[1], 8080))
            except OSError as error:
                if error.errno != errno.EADDRNOTAVAIL:
                    raise
            time.sleep(0.005)  # the peer's last ACK is under way, and the port is still taken

    for attempt in range(2):
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind(("", 40123))
        s.settimeout(3.5)
        try:
            connect()
            s.sendall(b"\\n")
            while s.recv(100):
                pass
            print("connected")
        except TimeoutError:
            print("timed out")
        s.close()
"""


@test
def hosts_are_of_different_minds_about_a_port_in_time_wait(t):
    for name, second in (("host-linux", "connected"), ("host-windows", "connected"),
                         ("host-freebsd", "connected"), ("host-lwip", "timed out")):
        profile = t.profile(f"""
            summary: Closes first.
            extends: {name}
            service: {{respond: {{text: bye, when: "\\n", then: close}}}}
            """, name=f"{name}.yaml")
        run = t.run(profile, t.python(SAME_PORT, PEER))
        t.equal(run.text.split("\n")[:2], ["connected", second], f"connections to {name}")


@test
def each_host_waits_its_own_time_for_what_is_lost(t):
    for name, wait in (("host-linux", 0.200), ("host-windows", 0.300), ("host-freebsd", 0.230),
                       ("host-lwip", 1.500)):
        profile = t.profile(f"""
            summary: The answer is lost twice.
            extends: {name}
            rules:
              - {{on: send data, first: 2, do: drop}}
            """, name=f"{name}.yaml")
        run = t.passed(t.run(profile, t.python(LOOK, PEER)))
        t.contains(run.text, "200 OK", f"the answer of {name}")
        lost = run.sent("data")
        t.near(lost[1].t - lost[0].t, wait, f"the first retransmission of {name}")
