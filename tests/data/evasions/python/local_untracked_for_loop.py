import os as m
def f(x):
    import json as m
    for m in [x]: pass
    m.system("id")  #!shell
f(m)
