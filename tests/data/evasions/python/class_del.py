import os as m
class C:
    import json as m
    del m
    m.system("id")  #!shell
