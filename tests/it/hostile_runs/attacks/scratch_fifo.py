attempt("fifo", lambda: os.mkfifo(TOKEN + "-fifo"))
attempt("socket", lambda: socket.socket(socket.AF_UNIX).bind(TOKEN + "-socket"))
