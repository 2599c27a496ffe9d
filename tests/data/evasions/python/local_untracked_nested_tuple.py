import os as m
def f(x):
    import json as m
    (m, (_, _)) = x, (1, 2)
    m.system("id")  #!shell
f(m)
