def f():
    def eval(x): return x
    return eval("1")
f()
