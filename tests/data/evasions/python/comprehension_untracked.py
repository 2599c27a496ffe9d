import os as m
def f(x):
    import json as m
    return [m.system("id") for m in [x]]  #!shell
f(m)
