import os as m
def f(x):
    import json as m
    def g():
        nonlocal m
        m = x
    g()
    m.system("id")  #!shell
f(m)
