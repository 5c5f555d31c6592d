"""What COMMAND reaches of the host and of ghostpeer, and what not: SECURITY.md, line by line."""

import json
import os
import socket

import who
from harness import PYTHON, test

# Each line of COMMAND's is a name and what came of it: "reached", or an errno's name.
PRELUDE = """
import ctypes, errno, json, os, signal, socket, sys
libc = ctypes.CDLL(None, use_errno=True)
told = {}

def call(name, do):
    try:
        do()
        told[name] = "reached"
    except OSError as error:
        told[name] = errno.errorcode.get(error.errno, str(error))

def checked(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), "")

def unix(address):
    with socket.socket(socket.AF_UNIX) as one:
        one.connect(address)
"""


def tells(t, code, *arguments, options=()):
    """What COMMAND tells, by name."""
    run = t.passed(t.run("healthy", [PYTHON, "-c", PRELUDE + code + "\nprint(json.dumps(told))",
                                     *arguments], options=options))
    return json.loads(run.out)


# What is out of reach ----------------------------------------------------------------------------


@test
def the_hosts_network_is_out_of_reach(t):
    with socket.socket() as tcp, socket.socket(socket.AF_UNIX) as abstract:
        tcp.bind(("127.0.0.1", 0))
        tcp.listen()
        name = f"ghostpeer-adversary-{os.getpid()}"
        abstract.bind("\0" + name)
        abstract.listen()
        told = tells(t, """
call("loopback", lambda: socket.create_connection(("127.0.0.1", int(sys.argv[1]))))
call("abstract", lambda: unix("\\0" + sys.argv[2]))
""", str(tcp.getsockname()[1]), name)
    t.equal(told, {"loopback": "ECONNREFUSED", "abstract": "ECONNREFUSED"}, "what it reached")


@test
def processes_of_the_host_are_out_of_reach(t):
    told = tells(t, """
outside = int(sys.argv[1])
told["seen"] = sorted(int(one) for one in os.listdir("/proc") if one.isdigit())
call("signal", lambda: os.kill(outside, 0))
call("ptrace", lambda: checked(libc.ptrace(16, outside, 0, 0)))
told["all"] = os.getpid()
""", str(os.getpid()))
    t.equal(told["seen"], [1, told["all"]], "the processes that it sees")
    t.equal((told["signal"], told["ptrace"]), ("ESRCH", "ESRCH"), "this process")


@test
def the_process_beside_it_cannot_be_read_stopped_or_ended(t):
    """ghostpeer's own, which starts COMMAND and is the first of its PID namespace."""
    who.is_no_root(t)
    told = tells(t, """
call("ptrace", lambda: checked(libc.ptrace(16, 1, 0, 0)))
for name in ("mem", "environ", "maps"):
    call(name, lambda: open("/proc/1/" + name, "rb").close())
for name in ("ns/net", "root", "exe"):
    call(name, lambda: os.readlink("/proc/1/" + name))
for name in ("SIGKILL", "SIGSTOP", "SIGTERM", "SIGINT"):
    os.kill(1, getattr(signal, name))
told["state"] = open("/proc/1/stat").read().split(") ")[1][0]
""")
    t.check(told.pop("state") in "SR", "it has been stopped")
    t.check(set(told.values()) <= {"EPERM", "EACCES"}, f"it was reached: {told}")


@test
def an_ordinary_user_gains_nothing(t):
    who.is_no_root(t)
    told = tells(t, """
told["capabilities"] = [line.split()[1] for line in open("/proc/self/status")
                        if line.startswith(("CapPrm", "CapEff", "CapInh", "CapAmb"))]
call("mount", lambda: checked(libc.mount(b"none", b"/mnt", b"tmpfs", 0, 0)))
call("host name", lambda: socket.sethostname(socket.gethostname()))
call("raw socket", lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1).close())
""")
    t.equal(set(told.pop("capabilities")), {"0" * 16}, "its capabilities")
    t.equal(set(told.values()), {"EPERM"}, "what it may do")


@test
def descriptors_of_ghostpeer_are_not_inherited(t):
    told = tells(t, """
told["open"] = sorted(int(one) for one in os.listdir("/proc/self/fd"))[:-1]
""")
    t.equal(told["open"], [0, 1, 2], "its descriptors")


# What is within reach ----------------------------------------------------------------------------


@test
def files_and_sockets_with_a_path_are_those_of_its_user(t):
    path = t.path("listening")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        os.chmod(path, 0o777)
        listening.listen()
        told = tells(t, """
call("unix", lambda: unix(sys.argv[1]))
call("file", lambda: open("written", "w").close())
for name in ("ipc", "uts"):
    told[name] = os.readlink("/proc/self/ns/" + name)
""", path)
    t.equal((told["unix"], told["file"]), ("reached", "reached"), "what it reached")
    t.check(os.path.exists(t.path("written")), "the file is not there")
    for name in ("ipc", "uts"):
        t.equal(told[name], os.readlink(f"/proc/self/ns/{name}"), f"its {name} namespace")


@test
def root_is_root(t):
    """It can stop the process that started it; then --timeout ends the run."""
    who.needs_root(t)
    told = tells(t, """
call("host name", lambda: socket.sethostname(socket.gethostname()))
call("memory", lambda: open("/proc/1/mem", "rb").close())
""")
    t.equal(set(told.values()), {"reached"}, "what it reached")
    run = t.run("healthy", [PYTHON, "-c", PRELUDE + "checked(libc.ptrace(16, 1, 0, 0))"],
                options=["--timeout", "2s"])
    t.equal(run.status, 124, "exit status")
