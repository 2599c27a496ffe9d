import os
(a, (b, c)) = 1, (2, os)
c.system("id")  #!shell
