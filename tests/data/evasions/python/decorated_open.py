@lambda _: open
class o: pass
o("out.txt", "w").close()  #!writes-files
