if 0:
    from json import dumps as open
open("out.txt", "w").close()  #!writes-files
