from os import *
def unused():
    from json import dumps as system
system("id")  #!shell
