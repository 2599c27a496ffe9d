attempt("unshare", lambda: called(libc.unshare(0x10000000)))
def clone():
    child = called(libc.syscall(56, 0x10000000 | 17, 0, 0, 0, 0))
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
attempt("clone", clone)
