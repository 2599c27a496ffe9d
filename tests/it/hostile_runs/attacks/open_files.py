for number in range(3, 1024):
    try:
        os.lseek(number, 0, 0)
        say("worked", number, os.read(number, 200).decode("utf-8", "replace"))
    except OSError:
        pass
attempt("by name", lambda: [read("/proc/self/fd/" + name) for name in os.listdir("/proc/self/fd") if int(name) > 2])
