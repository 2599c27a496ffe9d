from re import compile
compile("x")
