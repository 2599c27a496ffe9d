for eval in [len]:
    eval("x")
