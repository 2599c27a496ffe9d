import json as __m, os as _C__m
class C:
    def f(self): __m.system("id")  #!shell
C().f()
