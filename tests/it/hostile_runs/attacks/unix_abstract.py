def talk():
    peer = socket.socket(socket.AF_UNIX)
    peer.connect("\0" + FACTS["abstract"])
    peer.sendall(b"hello")
attempt("abstract", talk)
