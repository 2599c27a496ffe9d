import json as m
class C:
    global m
    import os as m
m.system("id")  #!shell
