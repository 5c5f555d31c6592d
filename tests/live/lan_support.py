"""Network segments made of namespaces: a bridge, and hosts with one interface each. Without
privileges all of it lives in a user namespace."""

import json
import os
import select
import signal
import subprocess
import time

import harness

# What a command here takes at most.
LIMIT = 30.0


class Segment:
    """Hosts `a`, `b`, … with the addresses 192.0.2.1, .2, … and 2001:db8::1, ::2, … on eth0."""

    def __init__(self, context, hosts="abc"):
        self.context = context
        self.environment = context.environment
        self.private = self.environment.uid != 0
        self.pids = {}
        self.keepers = []
        namespaces = ["--user", "--map-root-user"] if self.private else []
        try:
            self.keeper = self._keep(["unshare", *namespaces, "--net"])
            self._ip("link add br0 type bridge mcast_snooping 0", "link set br0 up")
            for number, name in enumerate(hosts, 1):
                self.pids[name] = self._keep([*self._enter(self.keeper), "unshare", "--net"])
                self._ip(f"link add v{name} type veth peer name eth0 netns {self.pids[name]}",
                         f"link set v{name} master br0 up")
                self.ip(name, "link set lo up", "link set eth0 up",
                        f"address add 192.0.2.{number}/24 dev eth0",
                        f"address add 2001:db8::{number}/64 dev eth0 nodad")
        except Exception:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        for process in self.keepers:
            process.kill()
            process.wait()

    # processes -------------------------------------------------------------------------------

    def _keep(self, wrap):
        process = subprocess.Popen(
            [*self.environment.prefix, *wrap, "sh", "-c", "echo up; exec sleep 600"],
            stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, env=self.environment.variables,
            cwd="/")
        self.keepers.append(process)
        if process.stdout.readline() != b"up\n":
            raise harness.Skip("user namespaces are not permitted to this user on this machine")
        process.stdout.close()
        return process.pid

    def _enter(self, pid):
        users = ["--user", "--preserve-credentials"] if self.private else []
        return ["nsenter", "--target", str(pid), *users, "--net"]

    def command(self, host, argv):
        """Runs on a host; None: where the test itself runs."""
        prefix = self.environment.prefix
        return [*prefix, *(self._enter(self.pids[host]) if host else []), *argv]

    def run(self, host, argv, check=False, **options):
        options.setdefault("timeout", LIMIT)
        result = subprocess.run(self.command(host, argv), capture_output=True, text=True,
                                check=False, env=self.environment.variables, cwd="/",
                                stdin=subprocess.DEVNULL, **options)
        if check and result.returncode != 0:
            raise harness.Failure(f"{' '.join(argv)} on {host}: {result.stderr or result.stdout}")
        return result

    def start(self, host, argv, stdin=subprocess.DEVNULL):
        """In the background, until the segment is closed; its lines are to be read."""
        process = subprocess.Popen(self.command(host, argv), stdout=subprocess.PIPE, stdin=stdin,
                                   env=self.environment.variables, cwd="/", text=True)
        self.keepers.append(process)
        return process

    def _ip(self, *lines):
        self._batch(self._enter(self.keeper), lines)

    def ip(self, host, *lines):
        self._batch(self._enter(self.pids[host]), lines)

    def _batch(self, enter, lines):
        result = subprocess.run([*self.environment.prefix, *enter, "ip", "-batch", "-"],
                                input="\n".join(lines) + "\n", capture_output=True, text=True,
                                check=False, timeout=LIMIT, env=self.environment.variables)
        if result.returncode != 0:
            raise harness.Failure(f"ip {lines}: {result.stderr}")

    def knows_vlans(self):
        """Whether this kernel can make VLAN interfaces."""
        return self.run("a", ["ip", "link", "add", "link", "eth0", "name", "trial", "type", "vlan",
                              "id", "4094"]).returncode == 0

    # what programs see -----------------------------------------------------------------------

    def get(self, host, address, port=80, *options):
        """What curl gets from there; its exit status where it gets nothing."""
        where = f"[{address}]" if ":" in address else address
        result = self.run(host, ["curl", "-sS", "--max-time", "5", *options,
                                 f"http://{where}:{port}/"])
        return result.stdout if result.returncode == 0 else result.returncode

    def neighbour(self, host, address):
        """The MAC address that a host's kernel has for an address, or None."""
        output = self.run(host, ["ip", "-json", "neighbour", "show", address], check=True).stdout
        entries = [e for e in json.loads(output or "[]") if "lladdr" in e]
        return entries[0]["lladdr"] if entries else None

    def mac(self, host):
        output = self.run(host, ["ip", "-json", "link", "show", "eth0"], check=True).stdout
        return json.loads(output)[0]["address"]

    # the peer --------------------------------------------------------------------------------

    def serve(self, host, *arguments, wait=True, wrap=(), env=None):
        """Starts `ghostpeer serve` on a host, and waits until it is ready."""
        number = len(self.context.runs)
        events = self.context.path(f"events{number}.jsonl")
        trace = self.context.path(f"trace{number}.txt")
        for file in (events, trace):  # a user of the peer's own choice writes them
            open(file, "w").close()
            os.chmod(file, 0o666)
        argv = [*(self._enter(self.pids[host]) if host else []), *wrap,
                self.environment.ghostpeer, "serve", "-o", trace, "--events", events, *arguments]
        run = self.context._spawn(argv, events, trace, subprocess.DEVNULL, env, {})
        if wait:
            ready(run)
        return run

    def watch(self, host, seconds):
        """ARP and neighbour discovery as a host sees it: call the result for all that came."""
        return Watch(self, host, seconds)


def ready(run, limit=LIMIT):
    """The words of the line that says so."""
    line = read_line(run.process.stdout, limit)
    if not line.startswith("ready: "):
        run.process.terminate()
        run.finish(5)
        raise harness.Failure(f"the peer did not become ready: {line!r} {run.errors}")
    return line.split()[1:]


def read_line(pipe, limit=LIMIT):
    """A line of an unbuffered pipe; what there is where it ends or the time is over."""
    end, line = time.monotonic() + limit, b""
    while not line.endswith(b"\n") and time.monotonic() < end:
        if select.select([pipe], [], [], max(end - time.monotonic(), 0))[0]:
            byte = os.read(pipe.fileno(), 1)
            if not byte:
                break
            line += byte
    return line.decode(errors="replace")


def stop(run, number=signal.SIGTERM, status=0):
    run.process.send_signal(number)
    run.finish(20)
    if run.status != status:
        raise harness.Failure(f"exit status is {run.status}, expected {status}")
    return run


SNIFF = r"""
import json, socket, struct, sys, time
sniffer = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
sniffer.bind(("eth0", 3))
print("up", flush=True)
sniffer.settimeout(0.05)
end = time.monotonic() + float(sys.argv[1])
def mac(b): return b.hex(":")
while time.monotonic() < end:
    try:
        frame, where = sniffer.recvfrom(2048)
    except TimeoutError:
        continue
    if where[2] == 4:  # this host's own
        continue
    t = time.monotonic()
    kind = struct.unpack(">H", frame[12:14])[0]
    if kind == 0x0806:
        op, = struct.unpack(">H", frame[20:22])
        print(json.dumps({"t": t, "what": {1: "request", 2: "reply"}.get(op), "mac": mac(frame[22:28]),
                          "to": mac(frame[:6]), "sender": socket.inet_ntoa(frame[28:32]),
                          "target": socket.inet_ntoa(frame[38:42])}), flush=True)
    elif kind == 0x86dd and frame[20] == 58 and frame[54] in (135, 136):
        print(json.dumps({"t": t, "what": {135: "solicitation", 136: "advertisement"}[frame[54]],
                          "mac": mac(frame[6:12]), "to": mac(frame[:6]),
                          "sender": socket.inet_ntop(socket.AF_INET6, frame[22:38]),
                          "target": socket.inet_ntop(socket.AF_INET6, frame[62:78])}), flush=True)
    elif kind == 0x86dd and frame[20] == 0 and frame[62] == 143:
        print(json.dumps({"t": t, "what": "report", "mac": mac(frame[6:12]),
                          "to": mac(frame[:6])}), flush=True)
print("over", flush=True)
"""

SPEAK = r"""
import socket, struct, sys
what, address, mac = sys.argv[1:]
own = bytes.fromhex(mac.replace(":", ""))
speaker = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
speaker.bind(("eth0", 0))
if what == "arp":
    ip = socket.inet_aton(address)
    speaker.send(b"\xff" * 6 + own + b"\x08\x06" + struct.pack(">HHBBH", 1, 0x0800, 6, 4, 1)
                 + own + ip + bytes(6) + ip)
else:
    ip = socket.inet_pton(socket.AF_INET6, address)
    group = socket.inet_pton(socket.AF_INET6, "ff02::1")
    body = struct.pack(">BBHI", 136, 0, 0, 0x20000000) + ip + b"\x02\x01" + own
    pseudo = ip + group + struct.pack(">II", len(body), 58) + body
    total = sum(struct.unpack(f">{len(pseudo) // 2}H", pseudo))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    body = body[:2] + struct.pack(">H", ~total & 0xffff) + body[4:]
    speaker.send(bytes.fromhex("333300000001") + own + b"\x86\xdd"
                 + struct.pack(">IHBB", 0x60000000, len(body), 58, 255) + ip + group + body)
"""


class Watch:
    def __init__(self, segment, host, seconds):
        self.process = segment.start(host, [harness.PYTHON, "-c", SNIFF, str(seconds)])
        if self.process.stdout.readline() != "up\n":
            raise harness.Failure("the frames cannot be watched")

    def __call__(self, **fields):
        """All frames until the time is over; only those of one MAC address, say."""
        if not hasattr(self, "frames"):
            lines = self.process.stdout.read().splitlines()
            self.frames = [json.loads(line) for line in lines if line.startswith("{")]
        return [f for f in self.frames if all(f.get(k) == v for k, v in fields.items())]


def speak(segment, host, address, mac):
    """A host claims an address without asking."""
    kind = "nd" if ":" in address else "arp"
    segment.run(host, [harness.PYTHON, "-c", SPEAK, kind, address, mac], check=True)
