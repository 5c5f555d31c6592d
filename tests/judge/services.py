"""What both hosts serve: for each port a function on the kernel's sockets, and the profile that
says the same of the peer.

    services.py ADDRESS…    serves on the kernel's sockets until it is ended
"""

import select
import socket
import sys
import threading
import time

OK = b"HTTP/1.1 200 OK\r\nServer: ghostpeer\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nok\n"
BIG = 28000
# So often is tried again where a probe waits for the end of it.
RETRIES = {"net.ipv4.tcp_retries2": 4, "net.ipv4.tcp_synack_retries": 2,
           "net.ipv4.tcp_orphan_retries": 4}


def respond(text, when=b"\r\n\r\n", close=False):
    def serve(connection):
        came = b""
        while data := connection.recv(65536):
            came += data
            while when in came:
                came = came.split(when, 1)[1]
                connection.sendall(text)
                if close:
                    return
    return serve


def echo(connection):
    while data := connection.recv(65536):
        connection.sendall(data)


def echo_keep(connection):
    echo(connection)
    time.sleep(3600)


def discard(connection):
    while connection.recv(65536):
        pass


def hold(connection):
    time.sleep(3600)


def unread(connection):
    select.select([connection], [], [])
    time.sleep(0.3)


def closes(connection):
    pass


def three(connection):
    connection.sendall(bytes(3000))
    discard(connection)


def half(connection):
    connection.shutdown(socket.SHUT_WR)
    discard(connection)


BRIEF = "tcp: {retries: 4}\n"
SERVICES = {
    "echo": (443, echo, "service: echo\n"),
    "http": (80, respond(OK), "extends: healthy\n"),
    "discard": (465, discard, "service: discard\n"),
    "hold": (563, hold, "service: hold\n"),
    "echo-keep": (989, echo_keep, "service: echo\nafter_eof: keep-open\n"),
    "bye": (990, respond(b"bye\n", b"\n", True),
            'service: {respond: {text: "bye\\n", when: "\\n", then: close}}\n'),
    "big": (993, respond(bytes(BIG)),
            'service: {respond: {file: big, when: "\\r\\n\\r\\n"}}\n'),
    "unread": (903, unread, "service: hold\n"
                            "rules:\n  - {on: receive data, first: 1, after: 300ms, do: close}\n"),
    "closes": (902, closes, "extends: close-on-accept\n"),
    "three": (904, three, "service: {source: {bytes: 3000}}\n"),
    "half": (905, half, "service: discard\nrules:\n  - {on: enter established, do: shutdown}\n"),
    "brief": (906, echo, "service: echo\ntcp: {retries: 4}\n"),
    "brief-syn": (907, echo, "service: echo\ntcp: {retries: 2}\n"),
    "brief-closes": (908, closes, "extends: close-on-accept\ntcp: {retries: 4}\n"),
    "closed": (900, None, "extends: refuse\n"),
}


def port(name):
    return SERVICES[name][0] if isinstance(name, str) else name


def run(service, connection):
    try:
        service(connection)
        connection.close()
    except OSError:
        connection.close()


def listen(address, number, service):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.create_server((address, number), family=family, backlog=4096)
    while True:
        threading.Thread(target=run, args=(service, listener.accept()[0]), daemon=True).start()


def main():
    threading.stack_size(128 * 1024)
    for address in sys.argv[1:]:
        for number, service, _ in SERVICES.values():
            if service is not None:
                threading.Thread(target=listen, args=(address, number, service),
                                 daemon=True).start()
    time.sleep(0.3)
    print("ready", flush=True)
    sys.stdin.read()  # until the judge ends


if __name__ == "__main__":
    main()
