import os as m
class C:
    try:
        import json.no_such as m
    except ImportError:
        m.system("id")  #!shell
