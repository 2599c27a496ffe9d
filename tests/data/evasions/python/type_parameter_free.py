import os as m
def f():
    import json as n
    n.dumps(1)
    m.system("id")  #!shell
f()
