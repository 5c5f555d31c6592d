"""The peer on a network segment: three hosts made of network namespaces, and a bridge."""

import re

from harness import PYTHON, test
from lan_support import Segment, Watch, ready, speak, stop

PEER = "192.0.2.50"
PEER6 = "2001:db8::50"
# An address that probing takes half a second for, and not the seven of RFC 5227.
BRIEF = ["--interface", "eth0", "--probe-time", "500ms"]
BOTH = ["--address", f"{PEER}/24", "--address", f"{PEER6}/64"]

PING = r"""
import os, socket, struct, sys, time
address = sys.argv[1]
v6 = ":" in address
s = socket.socket(socket.AF_INET6 if v6 else socket.AF_INET, socket.SOCK_RAW, 58 if v6 else 1)
s.settimeout(3)
s.connect((address, 0))
def checksum(data):
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff
body = b"a ping of ghostpeer's tests.".ljust(56, b".")
head = struct.pack(">BBHHH", 128 if v6 else 8, 0, 0, 77, 1)
if not v6:  # the kernel fills in ICMPv6's
    head = head[:2] + struct.pack(">H", checksum(head + body)) + head[4:]
s.send(head + body)
end = time.monotonic() + 3
while time.monotonic() < end:
    answer = s.recv(2048)
    answer = answer if v6 else answer[20:]
    if answer[0] == (129 if v6 else 0) and answer[8:] == body:
        print("answered")
        break
"""


@test
def programs_on_two_hosts_talk_to_the_peer_on_the_third(t):
    with Segment(t) as segment:
        run = segment.serve("c", "healthy", *BRIEF, *BOTH)
        for host in "ab":
            for address in (PEER, PEER6):
                t.equal(segment.get(host, address), "ok\n", f"what curl got on {host}")
                mac = segment.neighbour(host, address)
                t.check(mac.startswith("02:67:"), f"the MAC address of {address} is {mac}")
        # The host of the peer has seen nothing of it.
        table = segment.run("c", ["cat", "/proc/net/snmp"], check=True).stdout
        names, values = [line.split()[1:] for line in table.splitlines()
                         if line.startswith("Tcp:")]
        t.equal(dict(zip(names, values))["InSegs"], "0", "segments at the third host's own TCP")
        stop(run)
        t.passed(run)
        t.equal([a.dst for a in run.events("attempt")],
                [f"{PEER}:80", f"[{PEER6}]:80"] * 2, "attempts")
        t.contains(run.trace, "SIGTERM ended the run", "the summary")


@test
def ready_names_addresses_and_ports(t):
    with Segment(t) as segment:
        run = segment.serve("c", *BRIEF, "--address", f"{PEER}/24", "--peer",
                            f"{PEER}:80=healthy", "--peer", f"[{PEER6}]:443=refuse", wait=False)
        t.equal(ready(run), [f"{PEER}:80", f"[{PEER6}]:443"], "the line")
        t.equal(segment.get("a", PEER), "ok\n", "what curl got")
        t.equal(segment.get("a", PEER6, 443), 7, "curl's status at the other address")
        stop(run)


@test
def the_peer_answers_pings(t):
    with Segment(t) as segment:
        run = segment.serve("c", "healthy", *BRIEF, *BOTH)
        for host, address in (("a", PEER), ("b", PEER6)):
            t.contains(segment.run(host, [PYTHON, "-c", PING, address]).stdout, "answered",
                       f"the ping to {address}")
        stop(run)


@test
def an_address_is_probed_for_at_the_times_of_rfc_5227(t):
    with Segment(t) as segment:
        watch = segment.watch("a", 14)
        run = segment.serve("c", "healthy", "--interface", "eth0", *BOTH, wait=False)
        own = ready(run) and segment.neighbour("a", PEER)  # nobody has asked for it yet
        t.equal(own, None, "the neighbour before the first packet")
        frames = watch()
        stop(run)
    arp = [f for f in frames if f["mac"].startswith("02:67:") and f["what"] == "request"]
    probes = [f for f in arp if f["sender"] == "0.0.0.0"]
    told = [f for f in arp if f["sender"] == PEER]
    t.equal([f["target"] for f in probes + told], [PEER] * 5, "probes and announcements")
    for first, second in zip(probes, probes[1:]):
        gap = second["t"] - first["t"]
        t.check(1.0 - 0.05 <= gap <= 2.5, f"{gap:.3f} s are between two probes")
    for first, second in ((probes[-1], told[0]), (told[0], told[1])):
        gap = second["t"] - first["t"]
        t.check(2.0 - 0.05 <= gap <= 2.5, f"{gap:.3f} s are before an announcement")
    asked = [f for f in frames if f["what"] == "solicitation" and f["target"] == PEER6]
    t.equal([f["sender"] for f in asked], ["::"], "solicitations of an address in doubt")
    t.equal(asked[0]["to"], "33:33:ff:00:00:50", "its Ethernet group")
    said = [f for f in frames if f["what"] == "advertisement" and f["target"] == PEER6]
    t.equal([f["to"] for f in said], ["33:33:00:00:00:01"] * 2, "unsolicited advertisements")
    gap = said[0]["t"] - asked[0]["t"]
    t.check(1.0 - 0.05 <= gap <= 1.5, f"{gap:.3f} s are before the advertisement")
    t.check([f for f in frames if f["what"] == "report"], "no multicast group was reported")


@test
def announcements_correct_what_neighbours_remember(t):
    with Segment(t) as segment:
        stale = "02:00:00:00:00:99"
        segment.ip("a", f"neighbour add {PEER} lladdr {stale} dev eth0 nud stale",
                   f"neighbour add {PEER6} lladdr {stale} dev eth0 nud stale")
        run = segment.serve("c", "healthy", *BRIEF, *BOTH)
        for address in (PEER, PEER6):
            t.eventually(lambda at=address: segment.neighbour("a", at).startswith("02:67:"),
                         f"the neighbour {address} was corrected")
            t.equal(segment.get("a", address), "ok\n", "what curl got")
        stop(run)


@test
def an_address_that_another_host_has_is_refused(t):
    with Segment(t) as segment:
        for address in ("192.0.2.2", "2001:db8::2"):
            run = segment.serve("c", "healthy", *BRIEF, "--address", address, wait=False)
            run.finish(20)
            t.equal(run.status, 125, "exit status")
            t.equal(run.text, "", "standard output")
            t.contains(run.errors, f"{address} on eth0 is in use: the host {segment.mac('b')}",
                       "the message")


@test
def an_address_of_the_host_itself_is_refused(t):
    with Segment(t) as segment:
        for address in ("192.0.2.3", "2001:db8::3", "127.0.0.1"):
            run = segment.serve("c", "healthy", *BRIEF, "--address", address, wait=False)
            run.finish(20)
            t.equal(run.status, 125, "exit status")
            t.contains(run.errors, f"{address} is this host's own", "the message")


@test
def an_address_is_defended_once_and_then_given_up(t):
    for address in (PEER, PEER6):
        with Segment(t) as segment:
            run = segment.serve("c", "healthy", *BRIEF, *BOTH)
            t.equal(segment.get("a", address), "ok\n", "what curl got")
            mac = segment.neighbour("a", address)
            watch = segment.watch("a", 4)
            t.eventually(lambda: len(_announcements(run)) == 2, "both addresses were told")
            speak(segment, "b", address, segment.mac("b"))
            t.eventually(lambda: "was told once that the address is in use" in run.trace,
                         "the peer defended its address")
            t.equal(segment.get("a", address), "ok\n", "what curl got after the defence")
            speak(segment, "b", address, segment.mac("b"))
            t.eventually(lambda: "so the peer has given it up" in run.trace,
                         "the peer gave way")
            segment.ip("a", f"neighbour flush to {address}")
            t.check(segment.get("a", address) in (7, 28), "the address is still answered for")
            defence = [f for f in watch(mac=mac) if f.get("target") == address
                       and f["what"] in ("request", "advertisement")
                       and f["to"] in ("ff:ff:ff:ff:ff:ff", "33:33:00:00:00:01")]
            t.check(1 <= len(defence) <= 3, f"announcements in defence: {defence}")
            # The other address stays.
            other = PEER6 if address == PEER else PEER
            t.equal(segment.get("a", other), "ok\n", "what curl got at the other address")
            for _ in range(2):
                speak(segment, "b", other, segment.mac("b"))
            run.finish(20)
            t.equal(run.status, 125, "exit status without any address")
            t.contains(run.errors, "lost its last address", "the message")


def _announcements(run):
    return [e for e in run.events("notice") if "The peer has the address" in e.text]


@test
def who_wants_the_address_is_told_that_it_is_in_use(t):
    with Segment(t) as segment:
        run = segment.serve("c", "healthy", *BRIEF, *BOTH)
        # Linux probes for IPv6 addresses by itself.
        segment.ip("b", f"address add {PEER6}/64 dev eth0")
        t.eventually(lambda: "dadfailed" in segment.run(
            "b", ["ip", "address", "show", "dev", "eth0"], check=True).stdout,
            "the other host learned that the address is in use")
        second = segment.serve("b", "healthy", *BRIEF, "--address", PEER, wait=False)
        second.finish(20)
        t.equal(second.status, 125, "exit status of another peer with the same address")
        t.contains(second.errors, f"{PEER} on eth0 is in use", "its message")
        t.equal(segment.get("a", PEER), "ok\n", "what curl got")
        stop(run)


@test
def what_the_host_itself_is_given_is_given_up(t):
    with Segment(t) as segment:
        run = segment.serve("c", "healthy", *BRIEF, *BOTH)
        segment.ip("c", f"address add {PEER}/24 dev eth0")
        t.eventually(lambda: "this host itself has the address" in run.trace,
                     "the peer gave the address up")
        t.equal(segment.get("a", PEER6), "ok\n", "what curl got at the other address")
        segment.ip("a", f"neighbour flush to {PEER}")
        t.equal(segment.get("a", PEER), 7, "curl's status: the host has no server there")
        t.equal(segment.neighbour("a", PEER), segment.mac("c"), "the neighbour now")
        stop(run)


@test
def nothing_is_left_of_a_peer_that_was_killed(t):
    with Segment(t) as segment:
        before = _state_of("c", segment)
        run = segment.serve("c", "healthy", *BRIEF, *BOTH)
        t.equal(segment.get("a", PEER), "ok\n", "what curl got")
        t.check(_state_of("c", segment) != before, "the peer's sockets are not to be seen")
        run.process.kill()
        run.finish(20)
        t.equal(_state_of("c", segment), before, "sockets and groups of the host")
        segment.ip("a", "neighbour flush dev eth0")
        t.check(segment.get("a", PEER) in (7, 28), "the address is still answered for")


def _state_of(host, segment):
    script = "tail -n +2 /proc/net/packet; cat /proc/net/dev_mcast; cat /proc/net/dev | cut -c-8"
    text = segment.run(host, ["sh", "-c", script], check=True).stdout
    return re.sub(r"^[0-9a-f]{8,} ", "", text, flags=re.M)


@test
def who_is_far_is_answered_by_the_way_it_came(t):
    with Segment(t) as segment:
        # Of another network, and routed by the host a, for all that the peer knows.
        segment.ip("a", "address add 203.0.113.9/32 dev lo")
        run = segment.serve("c", "healthy", *BRIEF, "--address", f"{PEER}/24")
        t.equal(segment.get("a", PEER, 80, "--interface", "203.0.113.9"), "ok\n", "what curl got")
        stop(run)


@test
def a_peer_that_dials_finds_its_neighbour(t):
    profile = t.profile("""
        summary: Dials and sends five bytes.
        role: client
        client: {connections: 2}
        service: {source: {bytes: 5}}
        """)
    with Segment(t) as segment:
        for address, own in (("192.0.2.1", PEER), ("2001:db8::1", PEER6)):
            server = segment.start("a", [PYTHON, "-u", "-c", f"""
import socket
listener = socket.create_server(("{address}", 8080), family=socket.AF_INET{"6" if ":" in address else ""})
print("up", flush=True)
for _ in range(2):
    connection, peer = listener.accept()
    print(len(connection.recv(5, socket.MSG_WAITALL)), peer[0], flush=True)
"""])
            t.equal(server.stdout.readline(), "up\n", "the server")
            where = f"[{address}]:8080" if ":" in address else f"{address}:8080"
            run = segment.serve("c", profile, *BRIEF, "--address", own, "--dial", where)
            for _ in range(2):
                t.equal(server.stdout.readline().split(), ["5", own], "what the server got")
            stop(run)


def _megabyte(t):
    """A profile that sends it, and the words to serve it with on one interface or another."""
    t.write("page", "x" * (1 << 20))
    return t.profile("""
        summary: Sends a megabyte.
        service: {respond: {file: page, when: "\\r\\n\\r\\n", then: close}}
        """)


def _fetch_megabyte(t, segment, address):
    where = f"[{address}]" if ":" in address else address
    got = segment.run("a", ["sh", "-c", f"curl -sS --http0.9 --max-time 20 "
                            f"http://{where}/ | wc -c"]).stdout
    t.equal(got.strip(), str(1 << 20), f"bytes that curl got from {address}")


def _hardly_any_again(t, run, what):
    """A busy machine may be late with an ACK; where bursts are lost, each comes again."""
    segments = run.segments(dir="out")
    again = [s for s in segments if s.retransmission]
    t.check(20 * len(again) <= len(segments),
            f"with {what} {len(again)} of {len(segments)} segments were sent again")


@test
def large_transfers_are_cut_to_the_segment(t):
    profile = _megabyte(t)
    with Segment(t) as segment:
        run = segment.serve("c", profile, *BRIEF, *BOTH)
        for address in (PEER, PEER6):
            _fetch_megabyte(t, segment, address)
        stop(run)
        longest = max(s.len for s in run.segments(dir="out"))
        t.check(longest <= 1460, f"a segment has {longest} bytes")


@test
def bursts_pass_an_interface_that_does_not_segment(t):
    t.need("ethtool")
    profile = _megabyte(t)
    for features in ("tso off gso off", "tso off", "tx off sg off tso off gso off"):
        with Segment(t) as segment:
            segment.run("c", ["ethtool", "-K", "eth0", *features.split()], check=True)
            run = segment.serve("c", profile, *BRIEF, *BOTH)
            for address in (PEER, PEER6):
                _fetch_megabyte(t, segment, address)
            stop(run)
            _hardly_any_again(t, run, features)


@test
def bursts_pass_a_vlan_on_an_interface_that_does_not_segment(t):
    t.need("ethtool")
    profile = _megabyte(t)
    for features in ("tso on", "tso off gso off"):
        with Segment(t) as segment:
            if not segment.knows_vlans():
                t.skip("this kernel has no VLANs (8021q)")
            for number, host in ((1, "a"), (3, "c")):
                segment.run(host, ["ethtool", "-K", "eth0", *features.split()], check=True)
                segment.ip(host, "link add link eth0 name eth0.7 type vlan id 7",
                           "link set eth0.7 up",
                           f"address add 198.51.100.{number}/24 dev eth0.7",
                           f"address add 2001:db8:7::{number}/64 dev eth0.7 nodad")
            segment.run("c", ["ethtool", "-K", "eth0.7", *features.split()], check=True)
            run = segment.serve("c", profile, "--interface", "eth0.7", "--probe-time", "500ms",
                                "--address", "198.51.100.50/24", "--address",
                                "2001:db8:7::50/64")
            for address in ("198.51.100.50", "2001:db8:7::50"):
                _fetch_megabyte(t, segment, address)
            stop(run)
            _hardly_any_again(t, run, features)


@test
def the_interface_s_own_mac_address_may_be_used(t):
    with Segment(t) as segment:
        arguments = [*BRIEF, *BOTH, "--mac", "interface"]
        run = segment.serve("c", "healthy", *arguments)
        for address in (PEER, PEER6):
            t.equal(segment.get("a", address), "ok\n", "what curl got")
            t.equal(segment.neighbour("a", address), segment.mac("c"), "the neighbour")
        stop(run)
        segment.run("c", ["sh", "-c", "echo 1 > /proc/sys/net/ipv4/conf/all/forwarding"],
                    check=True)
        run = segment.serve("c", "healthy", *arguments, wait=False)
        run.finish(20)
        t.equal(run.status, 125, "exit status on a host that forwards")
        t.contains(run.errors, "This host forwards packets", "the message")


@test
def a_host_that_forwards_leaves_the_peer_alone(t):
    with Segment(t) as segment:
        segment.run("c", ["sh", "-c", "echo 1 > /proc/sys/net/ipv4/conf/all/forwarding"],
                    check=True)
        run = segment.serve("c", "healthy", *BRIEF, *BOTH)
        watch = Watch(segment, "b", 2)
        t.equal(segment.get("a", PEER), "ok\n", "what curl got")
        asked = [f for f in watch(mac=segment.mac("c")) if f.get("target") == PEER]
        t.equal(asked, [], "what the host asked for in the peer's place")
        stop(run)


@test
def interfaces_without_neighbours_are_refused(t):
    with Segment(t, hosts="a") as segment:
        segment.ip("a", "link add d0 type bridge", "link add d1 type bridge", "link set d1 up arp off")
        for name, message in (("lo", "is the loopback interface"), ("d0", "is down"),
                              ("d1", "no Ethernet interface, or one without ARP"),
                              ("eth7", "There is no interface eth7 here. There are: lo, ")):
            run = segment.serve("a", "healthy", "--interface", name, "--address", PEER, wait=False)
            run.finish(20)
            t.equal(run.status, 125, f"exit status on {name}")
            t.contains(run.errors, message, "the message")


@test
def a_peer_outlives_an_interface_that_goes_down_and_up(t):
    with Segment(t) as segment:
        run = segment.serve("c", "healthy", *BRIEF, *BOTH)
        segment.ip("c", "link set eth0 down")
        t.check(segment.get("a", PEER, 80, "--max-time", "0.5") in (7, 28),
                "the peer is reached over an interface that is down")
        segment.ip("c", "link set eth0 up")
        for address in (PEER, PEER6):
            t.eventually(lambda at=address: segment.get("a", at) == "ok\n",
                         f"{address} is reached again", limit=10)
        stop(run)


@test
def a_peer_whose_interface_goes_away_ends(t):
    with Segment(t) as segment:
        run = segment.serve("c", "healthy", *BRIEF, *BOTH)
        segment.ip("c", "link delete eth0")
        run.finish(20)
        t.equal(run.status, 125, "exit status")
        t.contains(run.errors, " is gone", "the message")
        # The socket's error and the kernel's message of the link come at the same time.
        first = [line for line in run.trace.splitlines() if line.startswith("ghostpeer: ")][0]
        t.check(first.startswith(("ghostpeer: ERROR: the interface eth0 is gone.",
                                  "ghostpeer: ERROR: the link is gone (packet socket on eth0,")),
                f"the summary: {first}")


@test
def a_peer_that_comes_again_from_the_same_port_is_let_in_at_once(t):
    """The program closes first, so its kernel is in TIME-WAIT: it takes a SYN with a higher number
    or a newer timestamp, and lets all others wait for a retransmission after one second."""
    profile = t.profile("""
        summary: A client that uses one port.
        role: client
        client: {source_port: 5000}
        rules:
          - {on: enter established, do: {say: hi}}
          - {on: enter closed, do: finish}
        """)
    with Segment(t, hosts="ac") as segment:
        server = segment.start("a", [PYTHON, "-u", "-c", """
import socket
listener = socket.create_server(("192.0.2.1", 7000))
print("up", flush=True)
while True:
    connection, _ = listener.accept()
    connection.recv(100)
    connection.close()
"""])
        t.equal(server.stdout.readline(), "up\n", "the server")
        for number in range(6):
            run = segment.serve("c", profile, *BRIEF, "--address", f"{PEER}/24", "--dial",
                                "192.0.2.1:7000", wait=False)
            run.finish(20)
            t.equal(run.status, 0, "exit status")
            syns = run.segments(dir="out", kind="syn") or run.segments(dir="out", reason="syn")
            t.equal(len(syns), 1, f"SYNs of connection {number + 1}")
