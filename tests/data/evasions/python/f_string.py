import os as m
def f():
    import json as m
def g():
    return f"{m.system('id')}"  #!shell
g()
