"""Real servers on this machine's loopback for the relay's tests, each started once in a process of
tests and ended with it."""

import atexit
import glob
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

from harness import NOBODY, Failure, Skip

START_LIMIT = 120.0
_lock = threading.Lock()
_servers = {}
_folders = []
_processes = []


@atexit.register
def _end_all():
    for process in _processes:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
    for process in _processes:
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    for folder in _folders:
        shutil.rmtree(folder, ignore_errors=True)


def shared(start):
    """Makes a function that starts a server return what its first call returned, or raise what
    that raised: who has waited in vain once need not do so for each test."""
    def get():
        with _lock:
            if start.__name__ not in _servers:
                try:
                    _servers[start.__name__] = start()
                except (Failure, Skip) as error:
                    _servers[start.__name__] = error
            found = _servers[start.__name__]
        if isinstance(found, Exception):
            raise found
        return found
    return get


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def _need(program, places=()):
    for place in (shutil.which(program), *places):
        if place and os.access(place, os.X_OK):
            return place
    raise Skip(f"the program '{program}' is not installed")


def _folder():
    folder = tempfile.mkdtemp(prefix="ghostpeer-server-")
    _folders.append(folder)
    if os.geteuid() == 0:
        os.chown(folder, NOBODY, NOBODY)
    return folder


def _as_nobody(command, **more):
    """Servers want no root; who runs the tests is nobody enough where that is not root."""
    if os.geteuid() == 0:
        command = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", *command]
    more.setdefault("env", {"PATH": os.environ["PATH"], "LC_ALL": "C", "HOME": "/"})
    return command, more


def _run(command, **more):
    command, more = _as_nobody(command, **more)
    try:
        result = subprocess.run(command, capture_output=True, text=True, check=False,
                                stdin=subprocess.DEVNULL, timeout=START_LIMIT, **more)
    except subprocess.TimeoutExpired:
        raise Failure(f"{command} did not end within {START_LIMIT} s") from None
    if result.returncode != 0:
        raise Failure(f"{' '.join(command)} ended with {result.returncode}: {result.stderr}")


def _start(command, port, folder):
    command, more = _as_nobody(command)
    log = os.path.join(folder, "log")
    with open(log, "wb") as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output,
                                   stderr=output, cwd=folder, **more)
    _processes.append(process)
    end = time.monotonic() + START_LIMIT
    while time.monotonic() < end and process.poll() is None:
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    with open(log, errors="replace") as output:
        raise Failure(f"{command} does not listen: {output.read()[-2000:]}")


def postgres_program(name):
    return _need(name, sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"), reverse=True))


@shared
def postgres():
    """The port of a PostgreSQL server that trusts the user `tester`."""
    folder, port = _folder(), free_port()
    data = os.path.join(folder, "data")
    try:
        pwd.getpwuid(NOBODY if os.geteuid() == 0 else os.geteuid())
    except KeyError:
        raise Skip("initdb needs a user that the system knows") from None
    _run([postgres_program("initdb"), "-D", data, "-U", "tester", "--auth=trust", "-N",
          "--locale=C", "-E", "UTF8"], cwd=folder)
    _start([postgres_program("postgres"), "-D", data, "-k", folder, "-p", str(port),
            "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "shared_buffers=16MB",
            "-c", "max_connections=20"], port, folder)
    _wait_for_postgres(port)
    return port


def _wait_for_postgres(port):
    end = time.monotonic() + START_LIMIT
    command, more = _as_nobody([postgres_program("psql"), "-h", "127.0.0.1", "-p", str(port),
                                "-U", "tester", "-d", "postgres", "-Atc", "select 1"])
    while time.monotonic() < end:
        if subprocess.run(command, capture_output=True, check=False, **more).returncode == 0:
            return
        time.sleep(0.1)
    raise Failure("PostgreSQL does not answer")


PAGE = bytes(range(256)) * 2000


@shared
def nginx():
    """The port of an nginx with TLS for shop.example, and the path of its certificate; it has PAGE
    as /page."""
    program = _need("nginx", ["/usr/sbin/nginx"])
    openssl = _need("openssl")
    folder, port = _folder(), free_port()
    os.chmod(folder, 0o755)
    _run([openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out",
          "cert.pem", "-days", "2", "-subj", "/CN=shop.example", "-addext",
          "subjectAltName=DNS:shop.example"], cwd=folder)
    with open(os.path.join(folder, "page"), "wb") as file:
        file.write(PAGE)
    os.chmod(os.path.join(folder, "page"), 0o644)
    with open(os.path.join(folder, "nginx.conf"), "w") as file:
        file.write(f"""
            daemon off; master_process off; pid {folder}/pid; error_log stderr;
            events {{ worker_connections 512; }}
            http {{
                access_log off; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p;
                fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
                server {{
                    listen 127.0.0.1:{port} ssl;
                    ssl_certificate {folder}/cert.pem; ssl_certificate_key {folder}/key.pem;
                    location / {{ root {folder}; }}
                }}
            }}""")
    os.chmod(os.path.join(folder, "nginx.conf"), 0o644)
    _start([program, "-c", os.path.join(folder, "nginx.conf"), "-p", folder], port, folder)
    return port, os.path.join(folder, "cert.pem")


@shared
def redis():
    """The port of a redis server."""
    folder, port = _folder(), free_port()
    _start([_need("redis-server"), "--port", str(port), "--bind", "127.0.0.1", "--save", "",
            "--dir", folder, "--daemonize", "no"], port, folder)
    return port


class Listener:
    """A server in this process: `serve` is called with each connection in a thread of its own."""

    def __init__(self, serve, receive_buffer=None):
        self.serve = serve
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.listen(512)
        self.port = self.socket.getsockname()[1]
        self.accepted = 0
        self.errors = []
        self.connections = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            self.accepted += 1
            self.connections.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            self.serve(connection)
        except OSError as error:
            self.errors.append(error)
        finally:
            connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # A thread may wait in accept() or in a connection's call: shutdown wakes it.
        for one in (self.socket, *self.connections):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.socket.close()


def echo(connection):
    while data := connection.recv(65536):
        connection.sendall(data)
