"""COMMAND's own hosts file, resolv.conf and nsswitch.conf."""

import os

import who
from harness import test

NAME_FILES = ("/etc/hosts", "/etc/resolv.conf", "/etc/nsswitch.conf")


def read_name_files():
    texts = []
    for path in NAME_FILES:
        with open(path) as file:
            texts.append(file.read())
    return texts


@test
def command_writes_to_no_file_of_the_host_that_names_are_found_with(t):
    before = read_name_files()
    for options in ([], ["--peer", "api.local=healthy"]):
        run = t.passed(t.run(
            "healthy", ["sh", "-ec", "echo 192.0.2.99 planted.example >> /etc/hosts; "
                        "getent hosts planted.example; "
                        "for f in /etc/resolv.conf /etc/nsswitch.conf; do echo '# mine' >> $f; done; "
                        "grep -c '^# mine' /etc/resolv.conf /etc/nsswitch.conf; "
                        "grep '^hosts:' /etc/nsswitch.conf; "
                        "rm -f /etc/hosts || echo refused"], options=options))
        t.contains(run.text, "192.0.2.99", "what COMMAND finds")
        t.contains(run.text, "/etc/resolv.conf:1\n/etc/nsswitch.conf:1\n", "what it has written")
        t.contains(run.text, "hosts: files dns", "where it looks for names")
        t.contains(run.text, "refused", "what became of the removal")
        t.equal(run.events("notice", what="files"), [], "files that COMMAND shares")
    t.equal(read_name_files(), before, "the host's own files")


@test
def a_resolv_conf_that_is_a_link_stays_the_hosts(t):
    who.needs_root(t)
    folder = t.path("elsewhere")
    os.mkdir(folder)
    run = t.ghostpeer("--mount", "sh", "-ec", f"""
        echo 'search lab.example' > {folder}/real
        mkdir {folder}/etc
        cp -a /etc/. {folder}/etc/
        mount --bind {folder}/etc /etc
        rm -f /etc/resolv.conf
        ln -s {folder}/real /etc/resolv.conf
        {t.environment.ghostpeer} run -q --link {t.link} healthy -- sh -c '
            grep search /etc/resolv.conf
            echo mine >> /etc/resolv.conf
            rm /etc/resolv.conf 2> /dev/null; true'
        readlink /etc/resolv.conf
        cat {folder}/real
        """, program="unshare")
    t.equal(run.text, f"search lab.example\n{folder}/real\nsearch lab.example\n", "what is left")
