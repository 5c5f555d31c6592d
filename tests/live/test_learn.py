"""`ghostpeer learn` and `ghostpeer compare`: what they tell of captures. The profiles that `learn -o`
makes are in test_warp_learn.py."""

import os
import re
import subprocess

import troubles
from harness import PYTHON, test
from lan_support import Segment


def _tshark(t, path, *arguments):
    read = subprocess.run(["tshark", "-n", "-r", path, *arguments], capture_output=True, text=True,
                          check=True, env=t.environment.variables)
    return read.stdout.splitlines()


def _listed(t, path, *options):
    """(client, server, line, oddities) of each conversation."""
    run = t.ghostpeer("learn", path, *options)
    t.equal(run.status, 0, f"exit status of learn ({run.errors})")
    found = []
    for line in run.text.splitlines():
        if match := re.match(r" *\d+  (\S+) +-> (\S+) ", line):
            found.append((match[1], match[2], line, []))
        elif found and line.startswith("       packet "):
            found[-1][3].append(line.strip())
    return found


@test
def troubles_between_kernels_are_told(t):
    capture = t.path("troubles.pcap")
    open(capture, "w").close()
    os.chmod(capture, 0o666)
    with Segment(t, "ab") as segment:
        addresses = troubles.make(segment, PYTHON, capture)
    listed = _listed(t, capture)
    t.equal(len(listed), len(troubles.TROUBLES), "conversations")
    streams = {}
    for line in _tshark(t, capture, "-Y", "tcp", "-T", "fields", "-e", "tcp.stream",
                        "-e", "tcp.srcport", "-e", "tcp.dstport"):
        stream, *ports = line.split("\t")
        streams.setdefault(int(stream), ports)
    t.equal([[one[0].rpartition(":")[2], one[1].rpartition(":")[2]] for one in listed],
            [streams[i] for i in sorted(streams)], "ports, as tshark has them")
    told = {}
    for _, server, line, odd in listed:
        told.setdefault(server, []).append("\n".join([line, *odd]))
    for (name, port, _, words), address in zip(troubles.TROUBLES, addresses):
        server = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
        for text in told[server]:
            t.contains(text, words, f"what is told of {name}")
    # Every second one is learned, too, whatever became of it: thirteen that two kernels made.
    for number in range(1, len(listed) + 1, 2):
        folder = t.path(f"learned-{number}")
        run = t.ghostpeer("learn", capture, "--conn", str(number), "-o", folder)
        t.equal(run.status, 0, f"exit status of learn --conn {number} ({run.errors})")
        check = t.ghostpeer("check", f"{folder}/profile.yaml")
        t.equal(check.status, 0, f"exit status of check ({check.text}{check.errors})")


@test
def what_is_redacted_leaves_nothing_behind(t):
    """No byte of what was said, no address and no path is in any file; the profile runs all the same."""
    # Nothing of it stands in the names that HTTP, the language and the reports have.
    secret = "Zx7Qv9Kw3"
    os.makedirs(t.path(f"of-{secret}"), exist_ok=True)
    os.chmod(t.path(f"of-{secret}"), 0o777)
    pcap = t.path(f"of-{secret}/incident.pcap")
    server = t.profile(f"""
        summary: A server that says too much.
        service:
          script:
            - expect: '/\\r\\n\\r\\n/'
            - say: "HTTP/1.1 200 {secret}\\r\\nX-Of: {secret}\\r\\nContent-Length: 9\\r\\n\\r\\n{secret}"
            - close
    """)
    client = t.python("""
        import socket, sys
        s = socket.create_connection(("198.18.0.2", 80))
        s.sendall(f"GET /{sys.argv[1]} HTTP/1.1\\r\\nHost: {sys.argv[1]}\\r\\n\\r\\n".encode())
        answer = b""
        while some := s.recv(1000):
            answer += some
        print(len(answer), answer[:13])
    """, secret)
    first = t.run(server, client, options=["--pcap", pcap])
    t.passed(first)
    folder = t.path("redacted")
    learned = t.ghostpeer("learn", pcap, "--conn", "1", "--redact", "-o", folder)
    t.equal(learned.status, 0, f"exit status of learn ({learned.errors})")
    for name in sorted(os.listdir(folder)):
        with open(f"{folder}/{name}", encoding="latin-1") as file:
            content = file.read()
        for word in (secret, "198.18.", "incident", os.path.dirname(t.path(""))):
            t.check(word not in content and word not in name, f"{word} is in {name}:\n{content}")
    second = t.run(f"{folder}/profile.yaml", client)
    t.passed(second)
    t.equal(second.text, first.text, "what the program saw: a length, and a status")


@test
def a_run_is_compared_with_its_capture(t):
    runs = {}
    for profile in ("healthy", "reset-on-data"):
        pcap = t.path(f"{profile}.pcap")
        t.run(profile, t.probe("connect", "send=4", "sleep=100ms", "close"), options=["--pcap", pcap])
        runs[profile] = (pcap, t.runs[-1].events_path)
    same = t.ghostpeer("compare", *runs["healthy"])
    t.equal(same.status, 0, f"exit status of a run and its capture:\n{same.text}")
    other = t.ghostpeer("compare", runs["healthy"][0], runs["reset-on-data"][1])
    t.equal(other.status, 1, "exit status of two that differ")
    t.contains(other.text, "the first that differs: segment ", "what differs")
    t.contains(other.text, "rst", "what differs")
    stdin = open(runs["reset-on-data"][0], "rb").read()
    piped = t.ghostpeer("learn", "-", stdin=stdin)
    t.contains(piped.text, "RST of the server", "what is told of a capture from a pipe")


@test
def what_is_no_capture_is_said(t):
    ours = t.run("healthy", t.probe("connect", "close"), options=["--pcap", t.path("a.pcap")])
    with open(t.path("a.pcap"), "rb") as file:
        whole = file.read()
    cut = t.path("cut.pcap")
    with open(cut, "wb") as file:
        file.write(whole[:-7])
    run = t.ghostpeer("learn", cut)
    t.equal(run.status, 0, "exit status of a capture that is cut short")
    t.contains(run.errors, "The file cannot be read beyond packet ", "what is said")
    for path, words in ((ours.events_path, "'ghostpeer judge' read that"),
                        (t.path("nowhere.pcap"), "cannot be read: No such file"),
                        (t.write("text.pcap", "words\n"), "reads pcap and pcapng"),
                        (t.write("empty.pcap", ""), "It is empty.")):
        run = t.ghostpeer("learn", path)
        t.equal(run.status, 125, f"exit status of learn {path}")
        t.contains(run.errors, words, f"what is said of {path}")
    run = t.ghostpeer("learn", t.path("a.pcap"), "--peer", "nonsense")
    t.equal(run.status, 125, "exit status")
    t.contains(run.errors, "is no address with a port", "what is said of --peer")
