attempt("chmod", lambda: os.chmod(outside("plain.txt"), 0o777))
attempt("chmod of a secret", lambda: os.chmod(home(".ssh/id_ed25519"), 0o644))
