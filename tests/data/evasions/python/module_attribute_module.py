import os, json
json.m = os
json.m.system("id")  #!shell
