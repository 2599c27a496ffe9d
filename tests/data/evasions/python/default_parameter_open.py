def f(o=open):
    o("out.txt", "w").close()  #!writes-files
f()
