attempt("userfaultfd", lambda: called(libc.syscall(323, 1)))
