attempt("rename", lambda: os.rename(outside("plain.txt"), outside("renamed")))
