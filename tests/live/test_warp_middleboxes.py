"""The boxes in the middle, by the figures that their profiles name, in virtual time: what a program
meets that comes back to a connection after it has been idle for too long, and the others of the tag."""

import json
import os

from harness import PYTHON, test
from warp_support import warp

# The program uses a connection, again shortly before the time is over, and once more when it is.
IDLE = r'''
import errno, json, select, socket, sys, threading, time
REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
results = {}
def use(s):
    try:
        s.sendall(REQUEST)
        return "answer" if s.recv(1000) else "end"
    except OSError as error:
        return errno.errorcode[error.errno]
def meet(name, idle):
    s = socket.create_connection((name, 80))
    s.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, int(name == "kept"))
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 60)
    first = use(s)
    time.sleep(idle * 0.9)
    second = use(s)
    time.sleep(idle * 1.1)
    poll = select.poll()
    poll.register(s, select.POLLIN | select.POLLRDHUP)
    seen = [event for _, event in poll.poll(0)]
    began = time.monotonic()
    third = use(s)
    results[name] = [first, second, seen and seen[0], third, time.monotonic() - began]
threads = [threading.Thread(target=meet, args=(name, float(idle)))
           for name, idle in (a.split("=") for a in sys.argv[1:])]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(json.dumps(results))
'''

SILENT = {"azure-lb": 240, "gcp-cloud-nat": 1200, "firewall-idle": 3600, "carrier-nat": 300,
          "home-router": 7440}
FORGETS = {"aws-nlb": 350, "aws-nat-gateway": 350, "conntrack-forgets": 5 * 86400}
CLOSES = {"aws-alb": 60, "nginx-keepalive": 75, "haproxy-keepalive": 50, "envoy-keepalive": 3600,
          "node-keepalive": 5}
RESETS = {"azure-lb-reset": 240}
POLLIN, POLLERR, POLLHUP, POLLRDHUP = 1, 8, 16, 0x2000


def idle_run(t, peers, **more):
    options = [o for name, (profile, _) in peers.items() for o in ("--peer", f"{name}={profile}")]
    run = warp(t, None, [PYTHON, "-c", IDLE, *(f"{n}={i}" for n, (_, i) in peers.items())],
               *options, **more)
    t.check(run.text.startswith("{"), f"results: {run.text}{run.errors}")
    return run, json.loads(run.text)


@test
def after_the_idle_time(t):
    rows = {**SILENT, **FORGETS, **CLOSES, **RESETS}
    run, results = idle_run(t, {name: (name, idle) for name, idle in rows.items()})
    t.passed(run)
    for name in rows:
        first, second, seen, third, took = results[name]
        t.equal((first, second), ("answer", "answer"), f"{name}: requests within the time")
        if name in SILENT:
            t.equal((seen, third), ([], "ETIMEDOUT"), f"{name}: a request after it")
            t.check(900 < took < 1000, f"{name}: given up after {took} s")
        elif name in FORGETS:
            t.equal((seen, third), ([], "ECONNRESET"), f"{name}: a request after it")
            t.check(took < 1, f"{name}: reset after {took} s")
        elif name in RESETS:
            t.equal((seen & (POLLERR | POLLHUP), third), (POLLERR | POLLHUP, "ECONNRESET"),
                    f"{name}: when the time is over")
        else:
            t.equal(seen, POLLIN | POLLRDHUP, f"{name}: the FIN waits")
            t.check(third in ("end", "ECONNRESET"), f"{name}: a request after it: {third}")


@test
def keepalive_prevents_it(t):
    run, results = idle_run(t, {"kept": ("aws-nlb", 350)})
    t.equal(results["kept"][:4], ["answer", "answer", [], "answer"], "all requests")
    t.equal(run.status, 123, "the rule has to stay unfired")


# What the server says by itself, an answer to a half-closed connection, and so on.
OTHERS = r'''
import errno, json, socket, sys, time
results = {}
def attempt(what):
    began = time.monotonic()
    try:
        result = what()
        result = result.decode()[:4] if isinstance(result, bytes) else result
    except OSError as error:
        result = errno.errorcode[error.errno] if error.errno else "timeout"
    return [result, time.monotonic() - began]
def dial(name, timeout=None):
    s = socket.create_connection((name, 80))
    s.settimeout(timeout)
    return s
def vpc():
    s = dial("vpc", 900)
    waited = attempt(lambda: s.recv(10))
    s.sendall(b"x")
    return [waited, attempt(lambda: s.recv(10))]
def half_closed(name):
    s = dial(name, 300)
    s.shutdown(socket.SHUT_WR)
    return attempt(lambda: s.recv(10))
def mtu(name):
    s = dial(name, 10)
    s.sendall(b"x" * 100)
    time.sleep(1)
    s.sendall(b"x" * 4000)
    time.sleep(5)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    s.close()
def pod():
    def use():
        s = dial("pod", 5)
        s.sendall(b"GET / HTTP/1.1\r\n\r\n")
        return s.recv(4)
    return [attempt(use), attempt(use)]
def logins():
    sockets, banners = [], []
    for _ in range(102):
        s = dial("sshd", 1)
        sockets.append(s)
        banners.append(attempt(lambda: s.recv(4))[0])
    return banners
results["vpc"] = vpc()
results["half"] = half_closed("half"), half_closed("intime")
mtu("wireguard"), mtu("vxlan")
results["pod"] = pod()
results["none"] = attempt(lambda: dial("none"))
results["logins"] = logins()
print(json.dumps(results))
'''


@test
def the_others(t):
    push = t.profile("extends: gcp-vpc\nrules: [{on: enter established, after: 11m, "
                     "do: {say: news}}]\n", name="vpc.yaml")
    late = "rules: [{on: receive fin, after: 70s, do: {say: late}, optional: true}," \
           " {on: receive fin, do: {become: half-closed}}]\n"
    half = t.profile("extends: conntrack-half-closed\n" + late, name="half.yaml")
    intime = t.profile("extends: conntrack-half-closed\nparams: {idle: 65s}\n" +
                       late.replace("70s", "50s"), name="intime.yaml")
    peers = {"vpc": push, "half": half, "intime": intime, "wireguard": "wireguard-mtu",
             "vxlan": "vxlan-mtu", "pod": "kube-pod-gone", "none": "kube-no-endpoints",
             "sshd": "sshd-maxstartups"}
    options = [o for name, profile in peers.items() for o in ("--peer", f"{name}={profile}")]
    run = warp(t, None, [PYTHON, "-c", OTHERS], *options)
    t.check(run.text.startswith("{"), f"results: {run.text}{run.errors}")
    seen = json.loads(run.text)

    waited, then = seen["vpc"]
    t.equal((waited[0], then[0]), ("timeout", "news"), "what the server said by itself")
    t.check(then[1] < 121, f"it came {then[1]} s after the program had sent")
    t.equal([s[0] for s in seen["half"]], ["timeout", "late"], "answers to half-closed connections")
    for name, limit in ("wireguard", 1420), ("vxlan", 1450):
        lost = [s for s in run.received("data", fate="dropped") if s.rule_name == f"{name}-mtu"]
        t.check(lost and all(s.len + 52 > limit for s in lost), f"{name}: what was lost: {lost}")
    t.equal([s[0] for s in seen["pod"]], ["timeout", "HTTP"], "requests to a pod that died")
    t.equal(seen["none"][0], "ECONNREFUSED", "a service without a pod")
    banners = [b == "SSH-" for b in seen["logins"]]
    t.equal((all(banners[:10]), any(banners[100:])), (True, False), "the first and the last logins")
    t.check(10 < sum(banners[10:100]) < 85, f"of the others {sum(banners[10:100])} had a banner")
