def mount():
    if os.getuid() != 0:
        called(libc.unshare(0x10000000 | 0x00020000))
    called(libc.mount(b"tmpfs", FACTS["outside"].encode(), b"tmpfs", 0, None))
attempt("mount", mount)
attempt("fsopen", lambda: called(libc.syscall(430, b"tmpfs", 0)))
attempt("umount", lambda: called(libc.umount2(FACTS["outside"].encode(), 2)))
