import os, sys, json as m
setattr(sys.modules[__name__], "m", os)
m.system("id")  #!shell
