"""What must never end a run: odd packets, full disks, closed pipes, no privileges."""

import json
import os
import threading

from harness import PEER, Failure, test

# Runs inside the network namespace: sends packets as they are, past the kernel's own checks, then
# fetches a page to see that the peer is still there.
INJECTOR = """
import json, random, socket, struct, sys, time, urllib.request

def checksum(data):
    data += b"\\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff

ME, PEER = socket.inet_aton("198.18.0.1"), socket.inet_aton("198.18.0.2")
ME6 = socket.inet_pton(socket.AF_INET6, "2001:2::1")
PEER6 = socket.inet_pton(socket.AF_INET6, "2001:2::2")

def ip4(payload, protocol=6, options=b"", source=ME, target=PEER, **lies):
    ihl = lies.get("ihl", 5 + len(options) // 4)
    length = lies.get("length", 20 + len(options) + len(payload))
    def head(check):
        return struct.pack("!BBHHHBBH", lies.get("version", 4) << 4 | ihl, 0, length, 1,
                           lies.get("fragment", 0), 64, protocol, check) + source + target + options
    return head(lies.get("checksum", checksum(head(0)))) + payload

def ip6(payload, header=6, source=ME6, target=PEER6, **lies):
    return struct.pack("!IHBB", 6 << 28, lies.get("length", len(payload)), header, 64) + \\
        source + target + payload

def tcp(flags=2, options=b"", payload=b"", seq=1000, ack=0, port=9999, to=8080, v6=False, **lies):
    offset = lies.get("offset", 5 + (len(options) + 3) // 4)
    options += b"\\0" * (-len(options) % 4)
    def segment(check):
        return struct.pack("!HHIIBBHHH", port, to, seq, ack, offset << 4, flags, 65535, check,
                           0) + options + payload
    bare = segment(0)
    pseudo = (ME6 + PEER6 + struct.pack("!II", len(bare), 6) if v6
              else ME + PEER + struct.pack("!HH", 6, len(bare)))
    return segment(lies.get("checksum", checksum(pseudo + bare)))

def interface():
    for line in open("/proc/net/route").readlines()[1:]:
        fields = line.split()
        if fields[1] == "00000000" or fields[0] != "lo":
            return fields[0]

def station():
    for line in open("/proc/net/arp").readlines()[1:]:
        return bytes.fromhex(line.split()[3].replace(":", ""))
    return b"\\xff" * 6

name, mac = interface(), station()
raw = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM)
sent = refused = 0

def send(packet):
    global sent, refused
    protocol = 0x86dd if packet[:1] and packet[0] >> 4 == 6 else 0x0800
    for _ in range(50):
        try:
            raw.sendto(packet, (name, protocol, 0, 0, mac))
            sent += 1
            return
        except BlockingIOError:
            time.sleep(0.001)
        except OSError as error:
            if error.errno != 105:  # ENOBUFS: the device's queue is full
                refused += 1
                return
            time.sleep(0.001)

def fetch():
    return urllib.request.urlopen("http://198.18.0.2:8080/", timeout=20).read().decode().strip()

KINDS
print(json.dumps({"sent": sent, "refused": refused, "fetched": fetch()}))
"""


def inject(t, code):
    if t.environment.uid != 0:
        t.skip("sending raw packets needs root")
    return [*t.python("\n".join(INJECTOR.replace("KINDS", code).splitlines()))]


def survived(t, run, least):
    t.passed(run)
    result = json.loads(run.text)
    t.equal(result["fetched"], "ok", "what a connection afterwards gets")
    t.check(result["sent"] >= least, f"{result['sent']} packets were sent")
    return run


@test
def odd_ip_packets(t):
    run = survived(t, t.run("healthy", inject(t, """
for packet in (b"", b"\\x45", b"\\x40" * 3, b"\\x60" * 39, ip4(tcp())[:19], ip4(tcp())[:25]):
    send(packet)
for version in (0, 5, 7, 15):
    send(ip4(tcp(), version=version))
for ihl in (0, 1, 4, 6, 15):
    send(ip4(tcp(), ihl=ihl))
for length in (0, 1, 19, 20, 39, 41, 1000, 65535):
    send(ip4(tcp(), length=length))
send(ip4(tcp(), checksum=0x1234))
for fragment in (0x2000, 0x2001, 0x0001, 0x1fff, 0x3fff):
    send(ip4(tcp(), fragment=fragment))
for options in (b"\\1" * 4, b"\\1" * 40, b"\\7\\0\\0\\0", b"\\7\\xff\\0\\0", b"\\x83\\3\\4\\0", b"\\x44\\1\\0\\0"):
    send(ip4(tcp(), options=options))
for source in (PEER, socket.inet_aton("0.0.0.0"), socket.inet_aton("255.255.255.255"),
               socket.inet_aton("224.0.0.1"), socket.inet_aton("127.0.0.1")):
    send(ip4(tcp(), source=source))
""")), 30)
    odd = {e.text for e in run.events("notice", what="odd-packet")}
    for word in ("checksum", "fragment"):
        t.check(any(word in text for text in odd), f"a notice about a {word}: {odd}")
    t.check(len(odd) == len(run.events("notice", what="odd-packet")), "each kind is told once")


@test
def odd_tcp_headers(t):
    run = survived(t, t.run("healthy", inject(t, """
for n in range(20):
    send(ip4(tcp()[:n]))
for offset in (0, 1, 4, 6, 15):
    send(ip4(tcp(offset=offset)))
send(ip4(tcp(checksum=0x1234)))
for options in (b"\\2\\0\\0\\0", b"\\2\\1\\0\\0", b"\\2\\xff\\0\\0", b"\\2\\4\\0", b"\\2\\3\\0\\0", b"\\3\\3\\xff\\0",
                b"\\3\\2\\0\\0", b"\\4\\3\\0\\0", b"\\5\\2\\0\\0", b"\\5\\3\\1\\0", b"\\5\\x0a" + b"\\xff" * 8,
                b"\\5\\x26" + b"\\1" * 36, b"\\x08\\3\\1\\0", b"\\x08\\x0a\\1\\0", b"\\x08\\x0a" + b"\\xff" * 8,
                b"\\xfe\\x28" + b"x" * 38, b"\\1" * 40, b"\\0" * 40, b"\\x1c\\xff\\0\\0", b"\\2\\4\\0\\0",
                b"\\2\\4\\5\\xb4" * 10):
    for flags in (2, 16, 18):
        send(ip4(tcp(flags, options, port=random.randrange(1024, 60000))))
for flags in range(256):
    send(ip4(tcp(flags, port=20000 + flags)))
    send(ip4(tcp(flags, port=20000 + flags, payload=b"x" * 100, seq=1001)))
send(ip4(tcp(port=0)))
send(ip4(tcp(to=0)))
""")), 500)
    t.check(any("checksum" in e.text for e in run.events("notice", what="odd-packet")),
            "a notice about the checksum")


@test
def odd_ipv6_packets(t):
    survived(t, t.run("healthy", inject(t, """
send(ip6(tcp(v6=True))[:20])
for length in (0, 1, 19, 21, 65535):
    send(ip6(tcp(v6=True), length=length))
for header in (0, 43, 44, 51, 60, 59, 58, 135, 139, 253):
    for content in (b"", b"\\6", b"\\6\\0" + b"\\0" * 6, bytes([header, 0]) + b"\\0" * 6,
                    b"\\6\\xff" + b"\\0" * 6, (bytes([header, 0]) + b"\\0" * 6) * 100,
                    b"\\6\\0\\xc2\\4\\0\\1\\0\\0"):
        send(ip6(content + tcp(v6=True), header=header))
""")), 40)


@test
def other_protocols(t):
    run = survived(t, t.run("healthy", inject(t, """
for protocol in (0, 1, 2, 17, 41, 47, 50, 58, 89, 132, 136, 255):
    for content in (b"", b"\\x08", b"\\x08\\0\\xf7\\xff\\0\\0\\0\\0", b"x" * 8, b"\\0" * 100):
        send(ip4(content, protocol=protocol))
send(ip4(struct.pack("!HHHH", 5, 53, 12, 0) + b"abcd", protocol=17))
send(ip4(struct.pack("!HHHH", 5, 53, 65535, 0), protocol=17))
try:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.connect(("198.18.0.2", 54))
        s.settimeout(5)
        s.send(b"hello")
        s.recv(1)
except ConnectionRefusedError:
    pass
""")), 50)
    t.check(run.events("notice", what="not-tcp"), "a notice about UDP")


@test
def random_packets(t):
    survived(t, t.run("healthy", inject(t, """
dice = random.Random(5)
for n in range(2000):
    send(dice.randbytes(dice.randrange(1, 200)))
for n in range(3000):
    packet = bytearray(ip4(tcp(dice.choice((2, 16, 17, 18, 24)), b"\\2\\4\\5\\xb4\\1\\3\\3\\7",
                               dice.randbytes(dice.randrange(50)), port=30000 + n % 50)))
    for _ in range(dice.randrange(1, 4)):
        packet[dice.randrange(len(packet))] = dice.randrange(256)
    send(bytes(packet))
""")), 4000)


@test
def a_connection_under_forged_segments(t):
    # RFC 5961: blind RST and SYN outside of the exact number do not end a connection.
    run = t.passed(t.run("healthy", inject(t, """
s = socket.create_connection(("198.18.0.2", 8080))
port = s.getsockname()[1]
s.send(b"GET / HTTP/1.1\\r\\n")
dice = random.Random(6)
for n in range(300):
    send(ip4(tcp(dice.choice((4, 20, 2, 18, 1, 17, 24)), seq=dice.randrange(1 << 32),
                 ack=dice.randrange(1 << 32), port=port)))
s.send(b"\\r\\n")
s.settimeout(20)
assert s.recv(1000).endswith(b"ok\\n")
""")))
    t.equal(json.loads(run.text)["fetched"], "ok", "what a connection afterwards gets")


@test
def full_disk(t):
    if not os.path.exists("/dev/full"):
        t.skip("/dev/full is missing")
    for option in ("-o", "--events", "--pcap", "--junit", "--tap", "--report"):
        run = t.run("healthy", t.probe("connect", "send-all=100KiB", "close", "sleep=50ms"),
                    options=[option, "/dev/full"], outputs=False)
        # Of what people look at they are told; what programs read must not be taken for whole.
        expected = 0 if option in ("-o", "--pcap", "--report") else 125
        t.equal(run.status, expected, f"exit status with {option} /dev/full")
        t.result(run.call("send-all"), 100 * 1024)
        t.contains(run.errors, "/dev/full", "standard error (what was lost)")
        t.check("No space left" in run.errors, f"the reason on standard error: {run.errors[-300:]}")


@test
def closed_pipe_for_the_trace(t):
    run = t.start("healthy", t.probe("connect", "send-all=100KiB", "close"), outputs=False)
    run.process.stderr.close()
    run.process.stderr = None
    t.equal(run.finish_unread(20).status, 0, "exit status")
    t.result(run.call("send-all"), 100 * 1024)


@test
def closed_pipe_for_events_and_pcap(t):
    for option in ("--events", "--pcap"):
        fifo = t.path("fifo" + option)
        os.mkfifo(fifo)
        os.chmod(fifo, 0o666)

        def read_a_little(path=fifo):
            with open(path, "rb", buffering=0) as file:
                file.read(100)

        reader = threading.Thread(target=read_a_little, daemon=True)
        reader.start()
        run = t.run("healthy", t.probe("connect", "send-all=1MiB", "close", "sleep=50ms"),
                    options=[option, fifo], outputs=False, limit=20)
        reader.join(5)
        t.equal(run.status, 125 if option == "--events" else 0,
                f"exit status with a closed pipe for {option}")
        t.result(run.call("send-all"), 1 << 20)
        t.contains(run.errors, fifo, "standard error (what was lost)")


@test
def trace_pipe_that_nobody_reads(t):
    # The pipe is full after 64 KiB; the program must not be held up by it.
    run = t.start("healthy", ["sh", "-c", " ".join(
        t.probe("connect", "send-all=2MiB", "close")) + " 2>/dev/null"], outputs=False)
    t.equal(run.finish_unread(20).status, 0, "exit status")
    t.result(run.call("send-all"), 2 << 20)
    t.check(run.call("send-all").took < 10, f"writing took {run.call('send-all').took:.3f} s")


@test
def closed_standard_streams(t):
    launcher = t.python("""
        import os, sys
        for fd in (0, 1, 2):
            os.close(fd)
        os.execv(sys.argv[1], sys.argv[1:])
    """, t.environment.ghostpeer, "run", "--link", t.link, "healthy", "--", "sh", "-c", "exit 9")
    run = t._spawn(launcher, None, None, None, None, {}).finish(20)
    t.equal(run.status, 9, "exit status with standard streams closed")


@test
def two_runs_at_once(t):
    t.need("curl")
    command = ["sh", "-c", f"sleep 0.3; curl -sS http://{PEER}:8080/; sleep 0.3"]
    runs = [t.start("healthy", command), t.start("refuse", command)]
    for run in runs:
        run.finish(30)
    t.passed(runs[0])
    t.equal(runs[0].text, "ok\n", "the first run's output")
    t.contains(runs[1].errors, "curl: (7)", "the second run's error")


@test
def no_user_namespaces(t):
    # As where a sysctl forbids them: no capabilities, and user.max_user_namespaces at 0.
    script = ("echo 0 > /proc/sys/user/max_user_namespaces && "
              "exec setpriv --bounding-set=-all --inh-caps=-all --no-new-privs \"$@\"")
    argv = ["unshare", "--user", "--map-root-user", "sh", "-c", script, "sh",
            t.environment.ghostpeer, "run", "--link", t.link, "healthy", "--", "sh", "-c",
            "echo > mark"]
    run = t._spawn(argv, None, None, None, None, {}).finish(20)
    if "max_user_namespaces: " in run.errors and "sh:" in run.errors:
        t.skip("user.max_user_namespaces may not be changed here")
    t.equal(run.status, 125, "exit status")
    t.check(not os.path.exists(t.path("mark")), "COMMAND must not run")
    t.contains(run.errors, "max_user_namespaces", "the message (which setting forbids it)")


@test
def event_lines_are_whole_while_the_run_goes_on(t):
    # As for `tail -f`: what has happened is in the file, in whole lines, before the run ends.
    run = t.start("healthy", t.probe("connect", "send=10", "sleep=3s", "close"))

    def seen():
        try:
            return [r for r in run.records if r.event == "segment" and r.kind == "data"]
        except Failure:
            return []
    t.eventually(seen, "the event of the data is in the file", limit=10)
    t.check(run.process.poll() is None, "the run has to be under way still")
    t.passed(run.finish())
