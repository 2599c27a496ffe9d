import os, json as m
@(lambda x: x if (m := os) else x)
def f(): pass
(m := os).system("id")  #!shell
