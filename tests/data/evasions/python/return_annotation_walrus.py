import os
import json as m
def f() -> (m := os): pass
m.system("id")  #!shell
