attempt("sendto", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"hello", ("127.0.0.1", FACTS["udp"])))
def connected():
    peer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    peer.connect(("127.0.0.1", FACTS["udp"]))
    peer.send(b"hello")
attempt("send", connected)
attempt("sendmsg", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendmsg([b"hello"], [], 0, ("127.0.0.1", FACTS["udp"])))
