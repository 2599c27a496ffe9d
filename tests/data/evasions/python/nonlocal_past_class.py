def f():
    import json as m
    class C:
        nonlocal m
        import os as m
    m.system("id")  #!shell
f()
