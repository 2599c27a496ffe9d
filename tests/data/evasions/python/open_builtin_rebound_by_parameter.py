def f(x):
    from json import dumps as open
    open = x
    open("out.txt", "w").close()  #!writes-files
f(open)
