attempt("vsock", lambda: socket.socket(40, socket.SOCK_STREAM).family)
