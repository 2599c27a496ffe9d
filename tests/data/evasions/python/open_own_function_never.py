if 0:
    pass
else:
    open("out.txt", "w").close()  #!writes-files
def open(): pass
