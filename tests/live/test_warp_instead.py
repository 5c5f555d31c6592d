"""A run where the system forbids the private network: in virtual time instead, which is said."""

import os
import subprocess

from harness import test
from warp_support import guest

# Denies namespaces, as a container's filter does; then it becomes the program.
FORBID = """
    import ctypes, os, struct, sys
    libc = ctypes.CDLL(None)
    load, equal, any_bit, give_back = 0x20, 0x15, 0x45, 0x06
    deny, allow = (give_back, 0, 0, 0x00050001), (give_back, 0, 0, 0x7fff0000)
    clone, unshare, clone3, new_namespaces = 56, 272, 435, 0x7e020000
    code = [(load, 0, 0, 0), (equal, 0, 1, clone3), (give_back, 0, 0, 0x00050000 | 38),
            (equal, 1, 0, clone), (equal, 0, 3, unshare), (load, 0, 0, 16),
            (any_bit, 0, 1, new_namespaces), deny, allow]
    filters = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *one) for one in code))
    program = ctypes.create_string_buffer(
        struct.pack("HxxxxxxP", len(code), ctypes.addressof(filters)))
    libc.prctl(38, 1, 0, 0, 0)
    if libc.prctl(22, 2, ctypes.c_void_p(ctypes.addressof(program)), 0, 0) != 0:
        sys.exit("no seccomp")
    os.execv(sys.argv[1], sys.argv[1:])
"""


def run(t, *arguments, **environment):
    done = subprocess.run([*t.environment.prefix,
                           *t.python(FORBID, t.environment.ghostpeer, *arguments)],
                          capture_output=True, text=True, check=False, cwd=t.folder,
                          stdin=subprocess.DEVNULL, env={**os.environ, **environment})
    if done.stderr == "no seccomp\n":
        t.skip("this machine has no seccomp filters")
    return done


@test
def forbidden_namespaces(t):
    guest(t)
    done = run(t, "run", "-q", "connect-times-out", "--",
               *t.python("import socket\n"
                         "try:\n socket.create_connection(('198.18.0.2', 80))\n"
                         "except OSError as error: print(error.strerror)"))
    t.equal(done.stdout, "Connection timed out\n", "what COMMAND saw")
    t.equal(done.returncode, 0, "exit status")
    t.equal(done.stderr.count("\n"), 1, f"one line is said: {done.stderr}")
    t.contains(done.stderr, "in virtual time", "what is said")


@test
def a_link_that_was_asked_for_is_not_replaced(t):
    done = run(t, "run", "--link", "ethernet", "healthy", "--", "touch", "mark")
    t.equal(done.returncode, 125, "exit status")
    t.check(not os.path.exists(t.path("mark")), "COMMAND must not run")


@test
def without_a_kernel_the_remedy_is_named(t):
    done = run(t, "run", "healthy", "--", "touch", "mark",
               XDG_CACHE_HOME=t.path("none"), HOME=t.path("none"))
    if done.returncode == 0:
        return  # the machine has one for everybody
    t.equal(done.returncode, 125, "exit status")
    t.contains(done.stderr, "ghostpeer warp build", "the way out")
    t.contains(done.stderr, "seccomp filter", "the reason")
