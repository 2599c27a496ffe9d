attempt("stat", lambda: "size %d" % os.stat(home(".ssh/id_ed25519")).st_size)
