others = [os.getppid(), FACTS["victim"]]
if "TOOLSMITH_RUN" in os.environ:
    others += list(range(1, 40))
def put(pid, name, text):
    write("/proc/%d/%s" % (pid, name), text)
    return "CHANGED %s of %d" % (name, pid)
for pid in others:
    if pid not in (0, os.getpid()):
        for name, text in {"oom_score_adj": "900", "coredump_filter": "0x33", "timerslack_ns": "50001", "comm": "changed",
                           "clear_refs": "1", "mem": "x"}.items():
            attempt(name, lambda: put(pid, name, text))
