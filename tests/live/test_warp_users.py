"""COMMANDs that change their user in virtual time, as root: what they make is theirs, as it is
without --warp."""

import os
import stat

import who
from harness import NOBODY, test
from relay_support import postgres_program
from warp_support import warp

GROUP = 12345
AS_NOBODY = ["setpriv", f"--reuid={NOBODY}", f"--regid={GROUP}", "--clear-groups"]
MAKE = """
umask $0 && mkdir "$1" && cd "$1" && mkdir folder && echo text > file && ln -s file link &&
mkfifo fifo && mkdir sub && chmod 2770 sub && : > sub/inner && cp file copy && ln copy hard &&
mv copy moved && chmod 4711 moved
"""


def tree(top):
    """Of all below a folder: its name, kind and mode, owner and group."""
    found = {}
    for folder, folders, files in os.walk(top):
        for name in folders + files:
            path = os.path.join(folder, name)
            seen = os.lstat(path)
            found[os.path.relpath(path, top)] = (stat.filemode(seen.st_mode), seen.st_uid,
                                                 seen.st_gid)
    return found


@test
def what_another_user_makes_is_its_own(t):
    who.needs_root(t)
    for umask in "022", "000", "077":
        for kind, run in ("host", t.run), ("warp", lambda *a: warp(t, *a)):
            t.passed(run("healthy", [*AS_NOBODY, "sh", "-ec", MAKE, umask,
                                     t.path(kind + umask)]))
        seen = tree(t.path("warp" + umask))
        t.equal(seen, tree(t.path("host" + umask)), f"what is there with umask {umask}")
        t.equal(seen["file"][1:], (NOBODY, GROUP), "the owner of a file")


@test
def a_group_of_a_folder_is_handed_down(t):
    who.needs_root(t)
    os.mkdir(t.path("shared"))
    os.chown(t.path("shared"), 0, 54321)
    os.chmod(t.path("shared"), 0o2777)
    t.passed(warp(t, "healthy", [*AS_NOBODY, "sh", "-ec", "cd shared; : > file; mkdir folder"]))
    t.equal({(owner, group) for _, owner, group in tree(t.path("shared")).values()},
            {(NOBODY, 54321)}, "owners and groups")


@test
def root_makes_what_is_roots_and_gives_it_away(t):
    who.needs_root(t)
    t.passed(warp(t, "healthy", ["sh", "-ec", f": > mine; mkdir gone; chown {NOBODY} gone"]))
    owners = {name: (os.lstat(t.path(name)).st_uid, os.lstat(t.path(name)).st_gid)
              for name in ("mine", "gone")}
    t.equal(owners, {"mine": (0, 0), "gone": (NOBODY, 0)}, "owners")


@test
def an_initdb_in_a_folder_of_the_host(t):
    who.needs_root(t)
    data = t.path("data")
    t.passed(warp(t, "healthy", [*AS_NOBODY, postgres_program("initdb"), "-D", data, "-A", "trust",
                                 "-N", "--no-locale"], wall="150s", limit=170))
    t.equal({owner for _, owner, _ in tree(data).values()}, {NOBODY}, "who has the files")
