for number in [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGXCPU, signal.SIGALRM, signal.SIGPIPE]:
    signal.signal(number, signal.SIG_IGN)
say("sleeping")
while True:
    time.sleep(3600)
