import os, json
def f(json): json.system("id")  #!shell
f(os)
