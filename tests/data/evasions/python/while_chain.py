import json
a = b = c = d = json
def f():
    d.system("id")  #!shell
def g():
    global d
    d = c
def h():
    global c
    c = b
def i():
    global b
    b = a
import os as a
i(); h(); g(); f()
