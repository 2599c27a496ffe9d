def system(x): return x
system("id")
