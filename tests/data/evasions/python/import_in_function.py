def f():
    import os as json
    json.system("id")  #!shell
import json
f()
