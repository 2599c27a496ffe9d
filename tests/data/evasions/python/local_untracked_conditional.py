import os as m
def f(x):
    import json as m
    m = x if x else None
    m.system("id")  #!shell
f(m)
