import os
def f(m=os):
    m.system("id")  #!shell
f()
