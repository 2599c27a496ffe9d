import os as m
from contextlib import nullcontext
def f(x):
    import json as m
    with nullcontext(x) as m:
        m.system("id")  #!shell
f(m)
