import os as m
def f(x):
    import json as m
    m = max([x], key=id)
    m.system("id")  #!shell
f(m)
