import os, json as m
globals().update(m=os)
m.system("id")  #!shell
