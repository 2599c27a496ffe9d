class C:
    o = staticmethod(open)
C.o("out.txt", "w").close()  #!writes-files
