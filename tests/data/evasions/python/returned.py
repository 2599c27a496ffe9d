import os
def m(): return os
m().system("id")  #!shell
