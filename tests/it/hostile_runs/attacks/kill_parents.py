parent = os.getppid()
attempt("kill the parent", lambda: os.kill(parent, signal.SIGKILL))
attempt("stop the parent", lambda: os.kill(parent, signal.SIGSTOP))
for _ in range(40):
    if os.getppid() != parent:
        say("worked ORPHANED")
        break
    time.sleep(0.05)
