import os
def f(m): m.system("id")  #!shell
f(os)
