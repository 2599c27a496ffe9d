import os as m
class C:
    for _ in ():
        import json as m
    m.system("id")  #!shell
