import os
*_, a = 1, os
a.system("id")  #!shell
