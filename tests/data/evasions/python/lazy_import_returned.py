import json as m
def g():
    import os as m
    return m
m = g()
m.system("id")  #!shell
