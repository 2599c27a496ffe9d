def g():
    from json import dumps as open
open("out.txt", "w").close()  #!writes-files
