import os as m
def f(x):
    import json as m
    match x:
        case object() as m:
            m.system("id")  #!shell
f(m)
