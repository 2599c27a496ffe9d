attempt("truncate", lambda: os.truncate(outside("plain.txt"), 0))
