if 1:
    from subprocess import *
call(["id"])  #!starts-programs
