import os as m
def f(x=m.system("id")):  #!shell
    import json as m
