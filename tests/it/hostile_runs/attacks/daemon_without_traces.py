if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for number in range(0, 64):
            try:
                os.close(number)
            except OSError:
                pass
        # Another program, an empty environment; the name stays to be found by.
        os.execve("/usr/bin/python3", [TOKEN, "-c", "import ctypes,time\nctypes.CDLL(None).prctl(15,%r,0,0,0)\ntime.sleep(600)" % TOKEN.encode()], {})
    os._exit(0)
say("left a daemon")
time.sleep(0.5)
