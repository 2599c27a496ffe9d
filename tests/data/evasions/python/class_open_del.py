class C:
    from json import dumps as open
    del open
    open("out.txt", "w").close()  #!writes-files
