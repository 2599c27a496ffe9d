import os
a = b = os
a.system("id")  #!shell
