f = lambda *, o=open: o("out.txt", "w")  #!writes-files
f().close()
