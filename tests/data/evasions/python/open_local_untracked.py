def f(x):
    from json import dumps as o
    o = x
    o("out.txt", "w").close()  #!writes-files
o = open
f(o)
