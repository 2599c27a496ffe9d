def f(socket): socket.connect(1)
f
