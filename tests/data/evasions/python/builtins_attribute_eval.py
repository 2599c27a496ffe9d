__builtins__.eval("1")  #!eval
