attempt("create", lambda: write(outside("created"), "by the tool"))
attempt("overwrite", lambda: write(outside("plain.txt"), "by the tool"))
