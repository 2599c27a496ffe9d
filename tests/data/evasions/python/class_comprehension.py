import os as m
class C:
    import json as m
    x = [m.system("id") for _ in (1,)]  #!shell
