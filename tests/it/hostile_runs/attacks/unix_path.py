def talk():
    peer = socket.socket(socket.AF_UNIX)
    peer.connect(FACTS["unix"])
    peer.sendall(b"hello")
attempt("unix", talk)
attempt("datagram", lambda: socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b"hello", FACTS["unix_datagram"]))
