attempt("device", lambda: (os.mknod("device", stat.S_IFBLK | 0o600, os.makedev(7, 0)), "DEVICE")[1])
attempt("memory", lambda: (os.mknod("mem", stat.S_IFCHR | 0o600, os.makedev(1, 1)), open("mem", "rb").read(1), "DEVICE")[2])
