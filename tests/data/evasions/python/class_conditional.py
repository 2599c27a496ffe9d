import os as m
class C:
    if 0:
        import json as m
    m.system("id")  #!shell
