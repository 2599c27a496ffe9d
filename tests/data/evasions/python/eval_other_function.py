def g():
    from json import dumps as eval
eval("1")  #!eval
