from os import path as p, system as s
s("id")  #!shell
