import json as m
def f():
    global m
    import os as m
f()
m.system("id")  #!shell
