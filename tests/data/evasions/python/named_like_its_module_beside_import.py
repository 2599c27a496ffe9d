def f():
    os = __import__("os")
    os.system("id")  #!shell
f()
