attempt("io_uring_setup", lambda: called(libc.syscall(425, 1, ctypes.create_string_buffer(256))))
