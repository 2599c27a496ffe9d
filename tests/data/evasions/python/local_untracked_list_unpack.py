import os as m
def f(x):
    import json as m
    [m] = [x]
    m.system("id")  #!shell
f(m)
