import os as m
def f() -> m.system("id"):  #!shell
    import json as m
