def f(x):
    open = x.append
    open("w")
f([])
