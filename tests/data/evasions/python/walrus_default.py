import os, json as m
def f(x=(m := os)): pass
m.system("id")  #!shell
