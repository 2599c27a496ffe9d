import os
@lambda _: os
def m(): pass
m.system("id")  #!shell
