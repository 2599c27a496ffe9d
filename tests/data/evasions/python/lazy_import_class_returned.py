import json as m
class C:
    import os as m
m = C.m
m.system("id")  #!shell
