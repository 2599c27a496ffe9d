import os as m
def f(x):
    import json as m
    import contextlib; m = contextlib.nullcontext(x).__enter__()
    m.system("id")  #!shell
f(m)
