from json import dumps as o
def f():
    o = open
    return o
print(o(1))
