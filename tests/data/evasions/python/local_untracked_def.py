import os as m
def f(x):
    import json as m
    @lambda _: x
    def m(): pass
    m.system("id")  #!shell
f(m)
