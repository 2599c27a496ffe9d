attempt("unlink", lambda: os.unlink(outside("plain.txt")))
attempt("rmdir", lambda: os.rmdir(outside("empty")))
