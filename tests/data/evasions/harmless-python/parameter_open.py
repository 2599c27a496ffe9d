def f(open): return open("a", "w")
f(max)
