"""A run where the system forbids the private network: in virtual time instead, which is said."""

import os
import subprocess

from harness import test
from warp_support import guest

# As AppArmor in Ubuntu 24.04: namespaces can be made, but privileges in them are denied. mount(2) is
# what asks for one. `unshare` denies the namespaces themselves. Then it becomes the program.
FORBID = """
    import ctypes, os, struct, sys
    libc = ctypes.CDLL(None)
    load, equal, any_bit, give_back = 0x20, 0x15, 0x45, 0x06
    deny, allow = (give_back, 0, 0, 0x00050001), (give_back, 0, 0, 0x7fff0000)
    mount, clone, unshare, clone3, new_namespaces = 165, 56, 272, 435, 0x7e020000
    code = {
        "privileges": [(load, 0, 0, 0), (equal, 0, 1, mount), deny, allow],
        "namespaces": [(load, 0, 0, 0), (equal, 0, 1, clone3), (give_back, 0, 0, 0x00050000 | 38),
                       (equal, 1, 0, clone), (equal, 0, 3, unshare), (load, 0, 0, 16),
                       (any_bit, 0, 1, new_namespaces), deny, allow],
    }[sys.argv[1]]
    filters = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *one) for one in code))
    program = ctypes.create_string_buffer(
        struct.pack("HxxxxxxP", len(code), ctypes.addressof(filters)))
    libc.prctl(38, 1, 0, 0, 0)
    if libc.prctl(22, 2, ctypes.c_void_p(ctypes.addressof(program)), 0, 0) != 0:
        sys.exit("no seccomp")
    os.execv(sys.argv[2], sys.argv[2:])
"""


def run(t, what, *arguments, **environment):
    done = subprocess.run([*t.environment.prefix,
                           *t.python(FORBID, what, t.environment.ghostpeer, *arguments)],
                          capture_output=True, text=True, check=False, cwd=t.folder,
                          stdin=subprocess.DEVNULL, env={**os.environ, **environment})
    if done.stderr == "no seccomp\n":
        t.skip("this machine has no seccomp filters")
    return done


@test
def forbidden_privileges_and_namespaces(t):
    guest(t)
    for what in ("privileges", "namespaces"):
        done = run(t, what, "run", "-q", "connect-times-out", "--",
                   *t.python("import socket\n"
                             "try:\n socket.create_connection(('198.18.0.2', 80))\n"
                             "except OSError as error: print(error.strerror)"))
        t.equal(done.stdout, "Connection timed out\n", f"what COMMAND saw without {what}")
        t.equal(done.returncode, 0, f"exit status without {what}")
        t.equal(done.stderr.count("\n"), 1, f"one line is said without {what}: {done.stderr}")
        t.contains(done.stderr, "in virtual time", "what is said")


@test
def a_link_that_was_asked_for_is_not_replaced(t):
    done = run(t, "privileges", "run", "--link", "tun", "healthy", "--", "touch", "mark")
    t.equal(done.returncode, 125, "exit status")
    t.check(not os.path.exists(t.path("mark")), "COMMAND must not run")


@test
def without_a_kernel_the_remedy_is_named(t):
    done = run(t, "namespaces", "run", "healthy", "--", "touch", "mark",
               XDG_CACHE_HOME=t.path("none"), HOME=t.path("none"))
    if done.returncode == 0:
        return  # the machine has one for everybody
    t.equal(done.returncode, 125, "exit status")
    t.contains(done.stderr, "ghostpeer warp build", "the way out")
    t.contains(done.stderr, "seccomp filter", "the reason")
