import os
m = None or os
m.system("id")  #!shell
