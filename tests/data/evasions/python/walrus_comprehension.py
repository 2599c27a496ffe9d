import os, json as m
[m := os for _ in (1,)]
m.system("id")  #!shell
