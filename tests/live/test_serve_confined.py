"""What `ghostpeer serve` keeps, sees and leaves, once its privileges are gone."""

import ctypes
import os
import signal
import subprocess

import harness
import preload
import who
from harness import test
from lan_support import Segment, stop

LOOPBACK = ["--link", "loopback", "--peer"]
LANDLOCK_CREATE_RULESET = 444


def loopback(profile="healthy"):
    return [*LOOPBACK, f"127.0.0.1:8080={profile}"]


def need_landlock(t):
    if ctypes.CDLL(None).syscall(LANDLOCK_CREATE_RULESET, None, 0, 1) < 1:
        t.skip("this kernel has no Landlock")


def hang_up(t, run, count):
    run.process.send_signal(signal.SIGHUP)
    t.eventually(lambda: run.trace.count("read again") == count, "the profiles were looked at")


@test
def descriptors_of_others_are_closed(t):
    with Segment(t, "a") as segment:
        run = segment.serve("a", *loopback(), wrap=["sh", "-c", 'exec 9</etc/passwd; exec "$@"',
                                                    "sh"])
        folder = f"/proc/{run.process.pid}/fd/"
        kept = [os.readlink(folder + fd) for fd in os.listdir(folder)]
        t.check("/etc/passwd" not in kept, f"it keeps {kept}")
        stop(run)


@test
def only_the_folders_of_profiles_are_seen(t):
    need_landlock(t)
    profile = t.profile("extends: healthy\nsummary: It works.\n")
    with Segment(t, "a") as segment:
        run = segment.serve("a", *loopback(profile))
        t.write("text.txt", "beside it\n")
        os.chmod(t.path("text.txt"), 0o644)
        t.profile("summary: Says a file's text.\n"
                  "rules: [{on: enter established, do: {say: {file: text.txt}}}]\n")
        hang_up(t, run, 1)
        t.profile("summary: Says another's.\n"
                  "rules: [{on: enter established, do: {say: {file: /etc/passwd}}}]\n")
        hang_up(t, run, 2)
        t.contains(run.trace, "the old ones stay")
        t.equal(segment.run("a", ["nc", "-N", "127.0.0.1", "8080"]).stdout, "beside it\n",
                "what the peer says")
        stop(run)
        t.contains(run.errors, "/etc/passwd` cannot be read")


@test
def sighup_keeps_a_profile_that_has_not_changed(t):
    profile = t.profile("extends: healthy\nsummary: It works.\n")
    with Segment(t, "a") as segment:
        run = segment.serve("a", *loopback(profile), "--peer", "127.0.0.1:8081=refuse")
        for count in range(1, 6):
            hang_up(t, run, count)
        t.equal(len(run.events("profile")), 2, "profiles that were told of")
        t.write("text.txt", "first\n")
        t.profile("summary: It says a file's text.\n"
                  "rules: [{on: enter established, do: {say: {file: text.txt}}}]\n")
        hang_up(t, run, 6)
        t.equal(len(run.events("profile")), 3, "profiles with a changed one")
        for count, text in (7, "second\n"), (8, "third\n"):
            t.write("text.txt", text)
            hang_up(t, run, count)
            t.equal(segment.run("a", ["nc", "-N", "127.0.0.1", "8080"]).stdout, text,
                    "the text of another file")
        stop(run)


@test
def sighup_brings_no_relay_to_a_run_without(t):
    profile = t.profile("extends: healthy\nsummary: It works.\n")
    with Segment(t, "a") as segment:
        run = segment.serve("a", *loopback(profile))
        for to in ("localhost:9", "127.0.0.1:9", "original"):
            t.profile(f'summary: Relays.\nservice: {{relay: "{to}"}}\n')
            hang_up(t, run, 1 + run.trace.count("read again"))
            t.equal(segment.get("a", "127.0.0.1", 8080), "ok\n", f"what curl got after {to}")
        stop(run)
        t.contains(run.errors, "this run was not made ready for that")


@test
def the_control_socket_goes_with_it(t):
    folder = t.path("roots")
    os.mkdir(folder, 0o755)
    os.chown(folder, t.environment.uid, -1)
    path = os.path.join(folder, "c.sock")
    with Segment(t, "a") as segment:
        for end in (signal.SIGTERM, signal.SIGKILL):
            run = segment.serve("a", *loopback(), "--control", f"unix:{path}")
            owner = harness.NOBODY if t.environment.uid == 0 else t.environment.uid
            t.equal(os.stat(path).st_uid, owner, "the socket's user")
            t.equal(os.listdir(folder), ["c.sock"], "what is in the folder")
            if end == signal.SIGTERM:
                stop(run)
                t.equal(os.listdir(folder), [], "what is left")
            else:
                run.process.kill()
                run.finish(20)
                t.eventually(lambda: os.listdir(folder) == [], "nothing is left of a killed one")


# Plays whoever may write to the folder, at each moment at which the socket's name may be there.
PLANTER = """
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
static long planted(long result) {
    struct stat found;
    if (lstat(PLACE, &found) == 0 && S_ISSOCK(found.st_mode)) {
        symlink(TARGET, PLACE ".link");
        rename(PLACE ".link", PLACE);
    }
    return result;
}
int bind(int fd, const struct sockaddr *address, socklen_t length) {
    return (int)planted(syscall(SYS_bind, fd, address, length));
}
int chmod(const char *path, mode_t mode) {
    return (int)planted(syscall(SYS_fchmodat, AT_FDCWD, path, mode));
}
int listen(int fd, int backlog) { return (int)planted(syscall(SYS_listen, fd, backlog)); }
int linkat(int from, const char *old, int to, const char *name, int flags) {
    return (int)planted(syscall(SYS_linkat, from, old, to, name, flags));
}
int renameat(int from, const char *old, int to, const char *name) {
    return (int)planted(syscall(SYS_renameat2, from, old, to, name, 0));
}
"""


@test
def nobody_plants_a_link(t):
    """The link is there at once after each call that may have made the socket: no race."""
    who.needs_root(t)
    folder, target = t.path("theirs"), t.path("target")
    os.mkdir(folder)
    os.chown(folder, harness.NOBODY, -1)
    with open(target, "w") as file:
        file.write("root's\n")
    os.chmod(target, 0o640)
    library = preload.build(t, "planter", PLANTER, f'-DPLACE="{folder}/c.sock"',
                            f'-DTARGET="{target}"')
    with Segment(t, "a") as segment:
        run = segment.serve("a", *loopback(), "--control", f"unix:{folder}/c.sock",
                            env=preload.environment(library))
        t.check(os.path.islink(f"{folder}/c.sock"), "the link was never planted")
        stop(run)
    found = os.stat(target)
    t.equal((found.st_uid, found.st_mode & 0o777), (0, 0o640), "whose the file is")
    t.equal([name for name in os.listdir(folder) if name.startswith(".")], [], "what is left")


@test
def a_pipe_is_read_once(t):
    profile = t.profile("extends: healthy\nsummary: It works.\n")
    pipe = t.path("pipe.yaml")
    os.mkfifo(pipe)
    os.chmod(pipe, 0o644)
    with Segment(t, "a") as segment, \
            subprocess.Popen(["sh", "-c", f"cat {profile} >{pipe}"]) as writer:
        run = segment.serve("a", *loopback(pipe))
        writer.wait()
        hang_up(t, run, 1)
        t.equal(segment.get("a", "127.0.0.1", 8080), "ok\n", "what curl got")
        stop(run)
        t.contains(run.errors, "not a regular file")
