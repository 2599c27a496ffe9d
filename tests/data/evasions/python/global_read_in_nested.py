import os as m
def f():
    import json as m
    def g():
        global m
        m.system("id")  #!shell
    g()
f()
