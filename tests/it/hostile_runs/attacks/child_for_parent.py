# A child that is a child of whoever started this one.
parent = os.getppid()
pid = libc.syscall(56, 0x8000 | 17, 0, 0, 0, 0)
if pid == 0:
    say("worked GIVEN" if os.getppid() == parent else "failed")
    os._exit(0)
say("failed" if pid == -1 else "made", pid)
time.sleep(0.3)
