def fill():
    handle = called(libc.memfd_create(b"x", 0))
    for _ in range(30):
        os.write(handle, b"x" * (20 << 20))
    return "ALL"
attempt("memfd", fill)
def shared():
    part = called(libc.shmget(0, 300 << 20, 0o1600))
    libc.shmat.restype = ctypes.c_void_p
    at = libc.shmat(part, None, 0)
    ctypes.memset(at, 1, 300 << 20)
    libc.shmctl(part, 0, None)
    return "ALL"
attempt("shm", shared)
