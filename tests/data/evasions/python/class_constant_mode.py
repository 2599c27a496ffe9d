k = "w"
class C:
    open("out.txt", k).close()  #!writes-files
    k = "r"
