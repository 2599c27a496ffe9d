def f():
    import os as m
    return lambda: m.system("id")  #!shell
import json as m
f()()
