signal.signal(signal.SIGTERM, signal.SIG_IGN)
attempt("kill everything", lambda: os.kill(-1, signal.SIGKILL))
say("alive")
