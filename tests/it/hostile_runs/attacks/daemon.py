if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        libc.prctl(1, 0, 0, 0, 0)
        for number in [signal.SIGTERM, signal.SIGINT, signal.SIGHUP]:
            signal.signal(number, signal.SIG_IGN)
        time.sleep(600)
    os._exit(0)
say("left a daemon")
time.sleep(0.2)
