import json as m, ast as m, re as m, abc as m, csv as m, cmd as m, os as m
m.system("id")  #!shell
