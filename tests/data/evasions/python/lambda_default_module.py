import os
(lambda m=os: m.system("id"))()  #!shell
