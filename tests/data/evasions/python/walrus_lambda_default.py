import os, json as m
lambda x=(m := os): 0
m.system("id")  #!shell
