from json import dumps as system
from os import *
system("id")  #!shell
