def talk():
    with socket.create_connection(("127.0.0.1", FACTS["tcp4"]), 3) as peer:
        peer.sendall(b"hello")
attempt("tcp4", talk)
