class C:
    exec("x = 1")  #!eval
    from json import dumps as exec
