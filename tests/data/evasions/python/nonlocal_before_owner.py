def f():
    def g():
        nonlocal m
        import os as m
    import json as m
    g()
    m.system("id")  #!shell
f()
