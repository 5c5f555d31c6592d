"""25 conversations in trouble, between two kernels in namespaces, and the capture of them.

Host a is the client, host b the server at an address of its own for each; routing rules of b are what
loses answers. All go on at the same time."""

import subprocess
import textwrap
import threading
import time

CAPTURE = textwrap.dedent("""
    import socket, struct, sys, time
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
    s.setsockopt(socket.SOL_SOCKET, 35, 1)
    s.bind(("eth0", 0))
    print("ready", flush=True)
    with open(sys.argv[1], "wb", buffering=0) as file:
        file.write(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, 1))
        while True:
            data, extra, _, _ = s.recvmsg(1 << 17, 64)
            at = struct.unpack("qq", extra[0][2]) if extra else divmod(time.time_ns(), 10 ** 9)
            file.write(struct.pack("<IIII", *at, len(data), len(data)) + data)
""")

SERVER = textwrap.dedent("""
    import socket, struct, threading, time
    LINGER = struct.pack("ii", 1, 0)

    def behave(s, port):
        s.settimeout(20)
        if port == 8001:
            while data := s.recv(65536):
                s.sendall(data)
        elif port == 8003:
            s.recv(100); time.sleep(2.5); s.sendall(b"late")
            s.recv(1)
        elif port == 8004:
            s.recv(100); s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER)
        elif port == 8005:
            time.sleep(2.5)
            while s.recv(1 << 20):
                pass
        elif port == 8006:
            s.shutdown(socket.SHUT_WR); time.sleep(20)
        elif port == 8008:
            time.sleep(0.2)
        elif port == 8009:
            while s.recv(65536):
                pass
            s.sendall(bytes(100_000))
        elif port == 8010:
            s.recv(100); s.sendall(bytes(100_000))
        elif port == 8020:
            for ttl in (64, 60):
                s.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, ttl); s.sendall(b"x" * 100)
                time.sleep(0.2)
        elif port == 8021:
            s.recv(100); s.sendall(b"y"); time.sleep(0.2)
            s.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, 50)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER)
        else:
            while s.recv(65536):
                pass
        s.close()

    def attend(s, port):
        try:
            behave(s, port)
        except OSError:
            pass  # the client has reset it

    def serve(family, port):
        listener = socket.socket(family)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if port == 8010:
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 500)
        if port in (8005, 8011):
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2304)
        listener.bind(("", port))
        listener.listen()
        while True:
            s, _ = listener.accept()
            threading.Thread(target=attend, args=(s, port), daemon=True).start()

    for family in (socket.AF_INET, socket.AF_INET6):
        for port in range(8001, 8030):
            if port != 8002:
                threading.Thread(target=serve, args=(family, port), daemon=True).start()
    time.sleep(0.5)
    print("ready", flush=True)
    time.sleep(600)
""")

CLIENT = textwrap.dedent("""
    import socket, struct, sys, time
    LINGER = struct.pack("ii", 1, 0)
    address, port, steps = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
    s = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    s.settimeout(20)
    for step in steps:
        word, _, value = step.partition("=")
        try:
            if word == "connect":
                s.settimeout(float(value or 20)); s.connect((address, port)); s.settimeout(20)
            elif word == "bind":
                s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind(("", int(value)))
            elif word == "send":
                s.settimeout(6); s.sendall(bytes(int(value)))
            elif word == "recv":
                got = 0
                while got < int(value) and (data := s.recv(65536)):
                    got += len(data)
            elif word == "oob":
                s.send(b"!", socket.MSG_OOB)
            elif word == "shut":
                s.shutdown(socket.SHUT_WR)
            elif word == "keep":
                for option, number in ((socket.TCP_KEEPIDLE, 1), (socket.TCP_KEEPINTVL, 1),
                                       (socket.TCP_KEEPCNT, int(value))):
                    s.setsockopt(socket.IPPROTO_TCP, option, number)
                s.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            elif word == "wait":
                time.sleep(float(value))
            elif word == "say":
                print(value, flush=True); sys.stdin.readline()
            elif word == "reset":
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER)
        except OSError:
            pass
    s.close()
""")

# Name, port, what the client does, what is to be told (kinds of `learn`, in its words).
# `say=cut`: from here on b's answers are lost; `say=mend`: no longer.
TROUBLES = (
    ("orderly", 8001, "connect send=1000 recv=1000", "closed by the client"),
    ("refused", 8002, "connect", "refused: RST"),
    ("late", 8003, "connect send=10 recv=4", "silence 2."),
    ("reset", 8004, "connect send=10 recv=1", "RST of the server"),
    ("zero-window", 8005, "connect send=300000", "zero window of the server for"),
    ("half-closed", 8006, "connect recv=1 wait=0.5 send=10 wait=2.2", "closed by the server"),
    ("unread", 8008, "connect send=10 recv=1", "RST of the server"),
    ("half-close", 8009, "connect send=10 shut recv=100000", "closed by the client"),
    ("small-mss", 8010, "connect send=10 recv=100000", "MSS 500 of the server"),
    ("small-window", 8011, "connect send=20000", "the server never offers more window than"),
    ("urgent", 8012, "connect send=10 oob", "urgent segment"),
    ("client-resets", 8013, "connect send=10 wait=0.3 reset", "RST of the client"),
    ("keepalives", 8014, "connect keep=9 wait=3.3", "keepalives of the client: "),
    ("no-keepalive", 8015, "connect keep=2 say=cut wait=4", "keepalives"),
    ("acks-stop", 8016, "connect send=10 wait=0.1 say=cut send=10 wait=3.5", "the server's ACKs stop"),
    ("mended", 8017, "connect send=10 wait=0.1 say=cut send=10 wait=1.5 say=mend wait=1.5",
     "retransmissions"),
    ("syn-lost", 8018, "say=cut connect=3.5", "SYN never answered"),
    ("syn-late", 8019, "say=cut wait=0.1 connect=1 say=mend wait=2.5", "SYN"),
    ("ttl-varies", 8020, "connect recv=200", "TTL of the server varies: 64 and 60"),
    ("rst-ttl", 8021, "connect send=1 recv=1 recv=1", "TTL of the RST differs"),
    ("fin-lost", 8022, "connect say=cut wait=0.1 shut wait=3", "FIN of the client sent"),
    ("again", 8023, "bind=45000 connect send=10 reset", "RST of the client"),
    ("again", 8023, "wait=1 bind=45000 connect send=10 reset", "RST of the client"),
    ("six", 8001, "connect send=1000 recv=1000", "closed by the client"),
    ("six-refused", 8002, "connect", "refused: RST"),
)


def address_of(number, name):
    return f"2001:db8::{number:x}" if name.startswith("six") else f"192.0.2.{number}"


def make(segment, python, capture):
    """Makes the capture; the addresses of the servers, in the order of TROUBLES."""
    addresses = [address_of(100 + (21 if name == "again" else i), name)
                 for i, (name, *_) in enumerate(TROUBLES)]
    segment.ip("b", *(f"address add {one}/64 dev eth0 nodad" if ":" in one
                      else f"address add {one}/24 dev eth0" for one in dict.fromkeys(addresses)))
    assert segment.start("b", [python, "-c", SERVER]).stdout.readline() == "ready\n"
    watching = segment.start("a", [python, "-c", CAPTURE, capture])
    assert watching.stdout.readline() == "ready\n"

    def converse(number):
        _, port, steps, _ = TROUBLES[number]
        client = segment.start("a", [python, "-c", CLIENT, addresses[number], str(port),
                                     *steps.split()], stdin=subprocess.PIPE)
        for line in client.stdout:
            order = {"cut": "add", "mend": "del"}[line.strip()]
            segment.ip("b", f"rule {order} from {addresses[number]} blackhole")
            client.stdin.write("\n")
            client.stdin.flush()
        client.wait()

    threads = [threading.Thread(target=converse, args=(i,)) for i in range(len(TROUBLES))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    time.sleep(0.3)  # for what is on its way into the file
    watching.kill()
    watching.wait()
    return addresses
