import os
match os:
    case m: m.system("id")  #!shell
