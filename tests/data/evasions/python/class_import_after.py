import os as m
class C:
    m.system("id")  #!shell
    import json as m
