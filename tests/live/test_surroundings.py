"""What a run loads and inherits, and what the kernel refuses it: none of it leads a run astray."""

import os
import shutil
import signal
import socket

import place
import preload
import who
from harness import PEER, PYTHON, test

# What is loaded, and what is inherited -----------------------------------------------------------


@test
def a_module_of_another_build_is_refused(t):
    """Beside a copy of the executable lies a library that is like the module but for its ABI."""
    copy = shutil.copy(t.environment.ghostpeer, t.path("ghostpeer"))
    refusal = (f"{t.path('ghostpeer-packets.so')} belongs to another build of ghostpeer than this "
               "executable. Install or build ghostpeer again.")

    def run(*options, command):
        return t.ghostpeer("run", *place.link_options(t.link, []), *options, "healthy", "--",
                           *command, program=copy)

    for abi in ('const char ghostpeer_module_abi[] = "of another build";', ""):
        preload.build(t, "ghostpeer-packets",
                      f"{abi}\nvoid *ghostpeer_packets(void) {{ return 0; }}\n")
        # A service that has nobody to tell later does not begin.
        served = t.ghostpeer("serve", "--link", "loopback", "--timeout", "1s", "--peer",
                             "127.0.0.1:18080=unreachable-on-connect", program=copy)
        t.equal(served.status, 125, "exit status of a service")
        t.contains(served.errors, refusal, "the message of a service")
        # A capture needs no library.
        quiet = run("--pcap", t.path("capture.pcap"), command=["touch", t.path("ran")])
        t.equal(quiet.status, 0, "exit status of a run that needs none")
        t.check(os.path.exists(t.path("ran")), "COMMAND was not started")
        # What is no TCP would want it; the run goes on without.
        later = run(command=[PYTHON, "-c", f"""
import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.sendto(b"x", ("{PEER}", 9))
socket.create_connection(("{PEER}", 8080)).close()
"""])
        t.equal(later.status, 0, "exit status of one that needs it under way")
        if t.link != "loopback":
            t.contains(later.errors, refusal, "the message under way")


@test
def an_ignored_sigchld_costs_no_status(t):
    run = t.run("healthy", ["sh", "-c", "exit 7"],
                preexec_fn=lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN))
    t.equal(run.status, 7, "exit status")
    t.equal(run.verdict.ended, "command", "the end")


# Calls that fail for want of the kernel's memory ------------------------------------------------

# epoll_ctl(2) of a TCP socket fails as at the end of /proc/sys/fs/epoll/max_user_watches.
NO_WATCHES = """
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
int epoll_ctl(int epoll, int what, int fd, struct epoll_event *event) {
    int kind = 0, family = 0;
    socklen_t size = sizeof kind;
    const char *refused = getenv("REFUSED_EPOLL_CTL");
    if (refused && atoi(refused) == what &&
        getsockopt(fd, SOL_SOCKET, SO_TYPE, &kind, &size) == 0 && kind == SOCK_STREAM &&
        getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &size) == 0 && family == AF_INET) {
        errno = ENOSPC;
        return -1;
    }
    return (int)syscall(SYS_epoll_ctl, epoll, what, fd, event);
}
"""


@test
def a_real_server_that_cannot_be_watched_is_none(t):
    library = preload.build(t, "watches", NO_WATCHES)
    with socket.create_server(("127.0.0.1", 0)) as server:
        profile = t.profile(f"""
            summary: A real server.
            service: {{relay: "127.0.0.1:{server.getsockname()[1]}"}}
        """)
        # EPOLL_CTL_ADD as the connection is begun, EPOLL_CTL_MOD once it is there.
        for refused, notice, outcome in (
                (1, "cannot be reached: No space left on device; the program is told that the host "
                    "is unreachable.", "refused"),
                (3, "cannot be watched any longer (epoll_ctl): No space left on device; the "
                    "program's connection is reset.", "reset")):
            run = t.run(profile, t.probe("connect", "poll=in,5s", "recv"),
                        env={**preload.environment(library), "REFUSED_EPOLL_CTL": str(refused)})
            t.contains(run.trace, notice, "the trace")
            t.contains(run.trace, outcome, "the table of connections")
            t.soon(run, 4, "the program waited for a server that nobody hears of")


@test
def unix_sockets_with_a_path_are_within_reach_and_abstract_ones_are_not(t):
    path, name = t.path("host.sock"), f"\0ghostpeer-test-{os.getpid()}-{id(t)}"
    with socket.socket(socket.AF_UNIX) as with_path, socket.socket(socket.AF_UNIX) as abstract:
        for one, address in ((with_path, path), (abstract, name)):
            one.bind(address)
            one.listen(4)
        os.chmod(path, 0o777)
        run = t.run("healthy", t.python(f"""
            import socket
            for address in ({path!r}, {name!r}):
                try:
                    socket.socket(socket.AF_UNIX).connect(address)
                    print("reached")
                except ConnectionRefusedError:
                    print("refused")
            """))
    t.equal(run.text, "reached\nrefused\n", "what COMMAND reaches")


@test
def set_user_id_programs_run_as_their_caller_without_root(t):
    if os.geteuid() != 0:
        t.skip("making a set-user-ID program needs root")
    who.is_no_root(t)
    program = t.path("id")
    shutil.copy("/usr/bin/id", program)
    os.chmod(program, 0o4755)
    if t.ghostpeer("-u", program=program).text != "0\n":
        t.skip("set-user-ID programs do not work in the tests' folder")
    run = t.run("healthy", [program, "-u"])
    t.equal(run.text, f"{t.environment.uid}\n", "whose identity it has")
