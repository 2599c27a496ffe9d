def f():
    import json as m
    def g():
        nonlocal m
        import os as m
    g()
    m.system("id")  #!shell
f()
