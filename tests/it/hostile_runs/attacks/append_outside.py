attempt("append", lambda: write(outside("plain.txt"), "by the tool", "a"))
