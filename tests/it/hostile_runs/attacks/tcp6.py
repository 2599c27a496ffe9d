def talk():
    with socket.create_connection(("::1", FACTS["tcp6"]), 3) as peer:
        peer.sendall(b"hello")
attempt("tcp6", talk)
