attempt("setxattr", lambda: os.setxattr(outside("plain.txt"), "user.tool", b"was here"))
