def through():
    os.symlink(outside("plain.txt"), "link")
    write("link", "by the tool")
attempt("write through a link", through)
attempt("link outside", lambda: os.symlink("/etc/passwd", outside("planted")))
