__builtins__.open("out.txt", "w").close()  #!writes-files
