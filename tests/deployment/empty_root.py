#!/usr/bin/env python3
"""Runs a release's executable where there is nothing else: in a root with a static busybox, /proc and
/dev, as nobody.

    empty_root.py GHOSTPEER

Exit status 0: all is well, 1: something is wrong, 77: this machine cannot make such a root.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

SKIPPED = 77

# Each is a title, a shell script of busybox, and what its output has to hold.
PARTS = [
    ("run", "ghostpeer run synack-lost -- wget -q -O - http://198.18.0.2/", "pass, COMMAND exited"),
    ("a name", "ghostpeer run --peer db.example=healthy -- wget -q -O - http://db.example/",
     "pass, COMMAND exited"),
    ("a name server", "ghostpeer run --dns 'nothing.example=nxdomain' healthy -- "
     "nslookup nothing.example", "NXDOMAIN"),
    ("ICMP", "ghostpeer run unreachable-on-connect -- wget -q -O - http://198.18.0.2/",
     "o route to host"),
    ("pcapng", "ghostpeer run -q --pcap capture.pcapng healthy -- wget -q -O - http://198.18.0.2/ && "
     "head -c 4 capture.pcapng | od -An -tx1", "0a 0d 0d 0a"),
    ("relay", "httpd -f -p 127.0.0.1:8080 -h /srv & sleep 1; "
     "ghostpeer run --relay localhost:8080 healthy -- wget -q -O - http://198.18.0.2/index.html; "
     "kill $!", "from the real server"),
    ("control", "ghostpeer run -q --control unix:/tmp/control healthy -- sh -c '"
     "ghostpeer ctl peers && wget -q -O - http://198.18.0.2/ >/dev/null'", "healthy"),
    ("a page", "ghostpeer run -q --report page.html healthy -- wget -q -O - http://198.18.0.2/ && "
     "grep -q '<script' page.html && echo there is a page", "there is a page"),
    ("the catalogue", "ghostpeer show keepalive-blackhole", "Look at:"),
]


def make_root(root, ghostpeer, busybox):
    for folder in ("bin", "proc", "dev", "old", "tmp", "srv", "etc"):
        (root / folder).mkdir(parents=True)
    root.chmod(0o755)
    (root / "tmp").chmod(0o777)
    (root / "srv/index.html").write_text("from the real server\n", encoding="utf-8")
    # What a container's engine writes. No name service is configured, and no library is there.
    (root / "etc/passwd").write_text("nobody:x:65534:65534::/tmp:/bin/sh\n", encoding="utf-8")
    (root / "etc/hosts").write_text("127.0.0.1 localhost\n", encoding="utf-8")
    (root / "etc/resolv.conf").write_text("nameserver 127.0.0.1\n", encoding="utf-8")
    shutil.copy(ghostpeer, root / "bin/ghostpeer")
    shutil.copy(busybox, root / "bin/busybox")
    for name in subprocess.run([busybox, "--list"], capture_output=True, text=True,
                               check=True).stdout.split():
        if not (root / "bin" / name).exists():
            (root / "bin" / name).symlink_to("busybox")


def inside(root, script):
    """As nobody, after a pivot_root: in a chroot the kernel gives nobody a user namespace."""
    enter = (f"mount --make-rprivate / && mount --bind {root} {root} && "
             f"mount -t proc proc {root}/proc && mount --rbind /dev {root}/dev && cd {root} && "
             "pivot_root . old && export PATH=/bin && umount -l /old && cd /tmp && "
             'exec su nobody -c "$SCRIPT"')
    return subprocess.run(["unshare", "--mount", "sh", "-c", enter], text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120,
                          stdin=subprocess.DEVNULL,
                          env={"PATH": os.environ["PATH"], "SCRIPT": script})


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    busybox = shutil.which("busybox")
    if os.geteuid() != 0 or busybox is None:
        print("making a root needs root and busybox-static")
        return SKIPPED
    problems = 0
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder, "root")
        make_root(root, sys.argv[1], busybox)
        for title, script, wanted in PARTS:
            done = inside(root, script)
            if wanted not in done.stdout:
                problems += 1
                print(f"{title}: `{script}` printed no {wanted!r} but:\n{done.stdout}")
    print(f"{len(PARTS) - problems} passed, {problems} failed")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
