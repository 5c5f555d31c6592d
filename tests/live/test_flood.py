"""Much at once: 20,000 SYNs, more connections than the limit, fifty runs."""

from harness import HARD_LIMIT, PEER, alone

SYNS = """
import errno, math, os, resource, select, socket, sys, time
total, address = int(sys.argv[1]), sys.argv[2]
_, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
share = min(total, max(hard - 50, 1))
workers = math.ceil(total / share)
def work(count):
    poll, open_now, done = select.epoll(), {}, 0
    for n in range(count):
        s = socket.socket()
        s.setblocking(False)
        if s.connect_ex((address, 8000 + n % 10)) not in (0, errno.EINPROGRESS):
            continue
        open_now[s.fileno()] = s
        poll.register(s, select.EPOLLOUT | select.EPOLLONESHOT)
    end = time.monotonic() + float(sys.argv[3])
    while done < count and time.monotonic() < end:
        for fd, _ in poll.poll(0.2, 1000):
            error = open_now[fd].getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            done += error == 0
    return done
pipes = []
for w in range(workers):
    reader, writer = os.pipe()
    count = min(share, total - w * share)
    if os.fork() == 0:
        os.write(writer, str(work(count)).encode())
        os._exit(0)
    os.close(writer)
    pipes.append(reader)
print(sum(int(os.read(p, 100) or 0) for p in pipes))
"""


@alone
def twenty_thousand_syns_at_once(t):
    run = t.passed(t.run("healthy", t.python(SYNS, "20000", PEER, "40")))
    t.equal(run.text.strip(), "20000", "connections that were established")
    t.equal(run.verdict.attempts, 20000, "attempts in the verdict")


@alone
def more_connections_than_the_limit(t):
    run = t.passed(t.run("healthy", t.python(SYNS, "3000", PEER, "1.5"),
                         options=["--max-connections", "1000"]))
    t.equal(run.text.strip(), "1000", "connections that were established")
    t.check(run.events("notice", what="limit"), "a notice about the limit")
    t.contains(run.trace, "limit", "the verdict")


@alone
def fifty_runs_at_once(t):
    t.need("curl")
    runs = [t.start("healthy", ["sh", "-c", f"curl -sS http://{PEER}:8080/; sleep 0.5"])
            for _ in range(50)]
    for run in runs:
        run.finish(HARD_LIMIT)
    for run in runs:
        t.passed(run)
        t.equal(run.text, "ok\n", "a run's output")
