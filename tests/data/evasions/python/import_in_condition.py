if __name__:
    import os as m
else:
    import json as m
m.system("id")  #!shell
