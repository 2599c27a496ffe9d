import os as m
def f(x):
    import json as m
    y = m = x
    m.system("id")  #!shell
f(m)
