import socket, sys, time
s = socket.create_connection(("198.18.0.2", 80))
tcp = socket.IPPROTO_TCP
s.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
s.setsockopt(tcp, socket.TCP_KEEPIDLE, 5)
s.setsockopt(tcp, socket.TCP_KEEPCNT, 3)
s.setsockopt(tcp, socket.TCP_KEEPINTVL, 2)
s.setsockopt(tcp, socket.TCP_USER_TIMEOUT, int(sys.argv[1]))
began = time.monotonic()
try:
    s.recv(1)
except OSError as error:
    print(f"{error.strerror} after {time.monotonic() - began:.0f} s")
