def wait():
    server = socket.socket(socket.AF_INET)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(("127.0.0.1", FACTS["free"]))
    server.listen()
    server.settimeout(3)
    peer, _ = server.accept()
    peer.sendall(b"the tool")
attempt("listen", wait)
