import os as m
def f(x):
    import json as m
    match x:
        case m:
            m.system("id")  #!shell
f(m)
