import os
[m.system("id") for m in (os,)]  #!shell
