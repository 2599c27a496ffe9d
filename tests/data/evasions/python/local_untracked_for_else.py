import socket as m
def f(x):
    import json as m
    for m in (x,):
        m.socket().close()  #!network
f(m)
