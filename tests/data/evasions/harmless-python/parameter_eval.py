def f(eval): return eval("1")
f(len)
