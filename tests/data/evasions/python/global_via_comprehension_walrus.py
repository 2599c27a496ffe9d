import os, json as m
def f():
    global m
    [m := os for _ in (1,)]
f()
m.system("id")  #!shell
