import os, json as m
globals()["m"] = os
m.system("id")  #!shell
