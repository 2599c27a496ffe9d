import os as m
def f(x):
    import json as m
    m = {1: x}[1]
    m.system("id")  #!shell
f(m)
