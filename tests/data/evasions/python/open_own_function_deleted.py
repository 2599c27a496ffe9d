def open(): pass
del open
open("out.txt", "w").close()  #!writes-files
