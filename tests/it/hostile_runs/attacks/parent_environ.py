for pid in [name for name in os.listdir("/proc") if name.isdigit()]:
    if int(pid) != os.getpid():
        attempt("environ", lambda: read("/proc/%s/environ" % pid))
        attempt("cmdline", lambda: read("/proc/%s/cmdline" % pid))
attempt("parent", lambda: read("/proc/%d/environ" % os.getppid()))
