import os as _C__m
class C:
    __m.system("id")  #!shell
