import os as m
class C:
    import json as m
    def f(self): m.system("id")  #!shell
C().f()
