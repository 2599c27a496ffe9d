import os as m
def f():
    import json as m
    return m.dumps(1)
print(m.sep)
f()
