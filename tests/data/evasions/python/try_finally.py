import json as m
try:
    pass
finally:
    import os as m
m.system("id")  #!shell
