from shutil import os as m
m.system("id")  #!shell
