import os as m
def f(x) -> m.system("id"):  #!shell
    m = __import__("json")
