import os as m
def f():
    class C:
        m.system("id")  #!shell
        import json as m
f()
