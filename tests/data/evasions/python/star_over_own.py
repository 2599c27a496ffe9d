def system(x): pass
from os import *
system("id")  #!shell
