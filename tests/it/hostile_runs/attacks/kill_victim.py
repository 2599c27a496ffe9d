attempt("kill", lambda: os.kill(FACTS["victim"], signal.SIGKILL))
attempt("group", lambda: os.killpg(FACTS["victim"], signal.SIGKILL))
def pidfd():
    handle = os.pidfd_open(FACTS["victim"])
    signal.pidfd_send_signal(handle, signal.SIGKILL)
attempt("pidfd", pidfd)
