a = b = open
a("out.txt", "w").close()  #!writes-files
