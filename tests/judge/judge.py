#!/usr/bin/env python3
"""The peer beside this machine's kernel: the same conversations with both, and what differs.

    judge.py GHOSTPEER [--only TEXT] [--show]

Each probe holds one conversation with a kernel listener and one with the peer, in network
namespaces of their own, and tells what it saw of each. What differs has to stand in
differences.txt with its reason; what stands there has to differ. `--only`: probes whose name has
this text. `--show`: all that was seen, not only what differs. Exit status: 0, 1, or 77 where this
machine does not permit it.
"""

import argparse
import concurrent.futures
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

import probes_close  # noqa: F401
import probes_handshake  # noqa: F401
import probes_ip  # noqa: F401
import probes_receive  # noqa: F401
import probes_send  # noqa: F401
import services
from far_client import FarClient, command, plain_link
from prober import FRESH, OWN4, OWN6, Host, Line
from registry import PROBES

HERE = pathlib.Path(__file__).resolve().parent
KERNEL = ("10.8.0.2", "fd00:8::2")
PEER = ("10.8.0.50", "fd00:8::50")
SYSCTLS = {"net.ipv4.tcp_congestion_control": "reno", "net.ipv6.conf.all.accept_dad": 0,
           "net.ipv6.conf.default.accept_dad": 0, "net.ipv4.icmp_ratelimit": 0,
           "net.ipv6.icmp.ratelimit": 0, "net.ipv4.tcp_invalid_ratelimit": 500,
           "net.ipv4.tcp_rmem": "4096 131072 6291456", **services.RETRIES}
AT_ONCE = 12  # probes
LIMIT = 60.0  # seconds, after which nothing is tried again


class Skip(Exception):
    pass


# the two hosts -----------------------------------------------------------------------------------

def enter_namespaces():
    """Once more, in a network namespace of its own, and a user namespace where that takes one."""
    if os.environ.get("GHOSTPEER_JUDGE") == "inside":
        return
    users = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    if subprocess.run(["unshare", *users, "--net", "true"], check=False,
                      stderr=subprocess.DEVNULL).returncode != 0:
        raise Skip("user namespaces are not permitted to this user on this machine")
    os.environ["GHOSTPEER_JUDGE"] = "inside"
    os.execvp("unshare", ["unshare", *users, "--net", sys.executable, *sys.argv])


class Stage:
    """The prober's interface here, and a namespace with the kernel's servers and the peer."""

    def __init__(self, ghostpeer, folder):
        self.folder, self.processes = pathlib.Path(folder), []
        self.keeper = self.start(["unshare", "--net", "sh", "-c", "echo up; exec cat"])
        self.keeper.stdout.readline()
        self.inside = ["nsenter", "--target", str(self.keeper.pid), "--net"]
        command("ip", "link", "add", "va", "type", "veth", "peer", "name", "vb", "netns",
                str(self.keeper.pid))
        for name, value in SYSCTLS.items():
            path = "/proc/sys/" + name.replace(".", "/")
            command(*self.inside, "sh", "-c", f"test ! -e {path} || echo '{value}' > {path}")
        own_mac, hosts_mac = plain_link("va"), plain_link("vb", *self.inside)
        for address, prefix, own in ((KERNEL[0], 24, OWN4), (KERNEL[1], 64, OWN6)):
            nodad = ["nodad"] if ":" in address else []
            command(*self.inside, "ip", "address", "add", f"{address}/{prefix}", "dev", "vb",
                    *nodad)
            batch = "\n".join(f"neighbour add {a} lladdr {own_mac} dev vb nud permanent"
                              for a in (own, *FRESH[6 if nodad else 4]))
            command(*self.inside, "ip", "-batch", "-", input=batch)
        self.line = Line("va", bytes.fromhex(hosts_mac.replace(":", "")))
        self.line.far_client = FarClient(self, "va", (*KERNEL, *PEER), hosts_mac)
        self.serve(ghostpeer)
        self.hosts = [Host(self.line, "kernel", *KERNEL), Host(self.line, "ghostpeer", *PEER)]

    def start(self, argv, **options):
        process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                   **options)
        self.processes.append(process)
        return process

    def serve(self, ghostpeer):
        (self.folder / "big").write_bytes(bytes(services.BIG))
        places = []
        for name, (number, _, profile) in services.SERVICES.items():
            path = self.folder / f"{name}.yaml"
            path.write_text(f"summary: {name}\n{profile}")
            places += ["--peer", f"{PEER[0]}:{number}={path}", "--peer",
                       f"[{PEER[1]}]:{number}={path}"]
        kernel = self.start([*self.inside, sys.executable, str(HERE / "services.py"), *KERNEL])
        peer = self.start([*self.inside, ghostpeer, "serve", "healthy", "--user", "0",
                           "--interface", "vb", "--mac", "interface", "--probe-time", "200ms",
                           "--address", f"{PEER[0]}/24", "--address", f"{PEER[1]}/64", "-o",
                           str(self.folder / "trace"), *places])
        for process in (kernel, peer):
            if not process.stdout.readline().startswith("ready"):
                raise RuntimeError(f"{process.args} did not become ready")

    def close(self):
        for process in reversed(self.processes):
            process.terminate()
            process.wait()


# comparing ---------------------------------------------------------------------------------------

def observe(probe, host, family):
    try:
        return list(probe.function(host.at(family)))
    except Exception as error:  # pylint: disable=broad-except
        return [("the probe came to its end", f"{type(error).__name__}: {error}")]


def judge(stage, probe, family, pool):
    """All that was seen, as (what, kernel's, peer's, whether they differ)."""
    both = [pool.submit(observe, probe, host, family) for host in stage.hosts]
    kernel, peer = (dict(one.result()) for one in both)
    rows = []
    for what in dict.fromkeys([*kernel, *peer]):
        seen = kernel.get(what, "not seen"), peer.get(what, "not seen")
        rows.append((what, *seen, not seen[0] == seen[1]))
    return rows


class Table:
    """differences.txt: lines `families | probe: what | reason`; `what` may end in `*`."""

    def __init__(self, path):
        self.lines = []
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if line and not line.startswith("#"):
                parts = [part.strip() for part in line.split("|")]
                if len(parts) != 3 or not parts[2] or parts[0] not in ("4", "6", "46"):
                    raise SystemExit(f"{path}:{number}: not `families | probe: what | reason`")
                self.lines.append((number, *parts))

    def find(self, family, name):
        for number, families, pattern, _ in self.lines:
            if str(family) in families and (
                    name == pattern or pattern.endswith("*") and name.startswith(pattern[:-1])):
                return number
        return None


def unexplained(table, probe, family, rows):
    return [what for what, _, _, differs in rows
            if differs and table.find(family, f"{probe.name}: {what}") is None]


def idle_lines(table, probe, family, rows):
    """Lines of the table that speak of this probe, and of nothing that differs."""
    used = {table.find(family, f"{probe.name}: {what}")
            for what, _, _, differs in rows if differs}
    return [number for number, families, pattern, _ in table.lines
            if str(family) in families and pattern.split(":")[0] == probe.name
            and number not in used]


def run(stage, table, only):
    """Rows by (probe, family). Many side by side first; what does not fit the table again, with
    fewer beside it and in the end alone: on a busy machine an answer may have been late."""
    jobs = [(probe, family) for probe in PROBES for family in (4, 6)
            if str(family) in probe.families and only in probe.name]
    results = {}
    began = time.monotonic()

    def one(job):
        results[job[0].name, job[1]] = judge(stage, *job, inner)

    def misfit(job):
        rows = results.get((job[0].name, job[1]))
        return rows is None or unexplained(table, *job, rows) or idle_lines(table, *job, rows)

    with concurrent.futures.ThreadPoolExecutor(2 * AT_ONCE) as inner:
        for at_once in (AT_ONCE, AT_ONCE // 3, 1, 1):
            due = sorted((job for job in jobs if misfit(job)), key=lambda job: -job[0].seconds)
            if at_once < AT_ONCE and time.monotonic() - began > LIMIT:
                break
            with concurrent.futures.ThreadPoolExecutor(at_once) as outer:
                list(outer.map(one, (job for job in due if not job[0].alone)))
            for job in due:
                if job[0].alone:
                    one(job)
    return jobs, results


def report(jobs, results, table, show):
    """Prints what is to be seen, and returns how much is wrong."""
    wrong, listed = 0, 0
    for probe, family in jobs:
        rows = results[probe.name, family]
        surprises = unexplained(table, probe, family, rows)
        listed += sum(differs for *_, differs in rows) - len(surprises)
        idle = idle_lines(table, probe, family, rows)
        wrong += len(surprises) + len(idle)
        if not (show or surprises or idle):
            continue
        print(f"{probe.name} over IPv{family} ({probe.requirement})")
        for what, kernel, peer, differs in rows:
            if what in surprises or (show and differs):
                print(f"    {what}\n      kernel     {kernel}\n      ghostpeer  {peer}")
            elif show:
                print(f"    {what}: {kernel}")
        for number in idle:
            print(f"    differences.txt:{number}: this does not differ over IPv{family} any more")
    print(f"{sum(map(len, results.values()))} observations of {len(jobs)} probes: {listed} "
          f"differences have their reasons, {wrong} do not fit the table.")
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("ghostpeer")
    parser.add_argument("--only", default="", metavar="TEXT")
    parser.add_argument("--show", action="store_true")
    arguments = parser.parse_args()
    table = Table(HERE / "differences.txt")
    if shutil.which("ethtool") is None:
        raise Skip("ethtool is missing")
    enter_namespaces()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        stage = Stage(os.path.abspath(arguments.ghostpeer), folder)
        try:
            jobs, results = run(stage, table, arguments.only)
        finally:
            stage.close()
    wrong = report(jobs, results, table, arguments.show)
    print(f"It took {time.monotonic() - began:.0f} s.")
    return 1 if wrong else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Skip as reason:
        print(f"all skipped: {reason}")
        sys.exit(77)
