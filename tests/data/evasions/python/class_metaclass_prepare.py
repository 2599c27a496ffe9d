import os, json as m
class M(type):
    def __prepare__(name, bases): return {"m": os}
class C(metaclass=M):
    m.system("id")  #!shell
