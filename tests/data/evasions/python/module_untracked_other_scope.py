import json as m
def g():
    import os as m
    yield m
for m in g(): pass
m.system("id")  #!shell
