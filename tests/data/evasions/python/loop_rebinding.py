import json as m
for i in range(2):
    m.dumps(1) if i == 0 else m.system("id")  #!shell
    import os as m
