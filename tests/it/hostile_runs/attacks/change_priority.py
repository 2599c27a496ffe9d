others = [os.getppid(), FACTS["victim"]]
if "TOOLSMITH_RUN" in os.environ:
    others += list(range(1, 40))
def nice(which, who):
    os.setpriority(which, who, 19)
    return "CHANGED the priority of %d" % who
def disk(which, who):
    # The lowest class there is.
    called(libc.syscall(251, which, who, 3 << 13))
    return "CHANGED the disk priority of %d" % who
for pid in others:
    if pid not in (0, os.getpid(), os.getpgrp()):
        for which in (os.PRIO_PROCESS, os.PRIO_PGRP):
            attempt("setpriority", lambda: nice(which, pid))
        for which in (1, 2):
            attempt("ioprio_set", lambda: disk(which, pid))
if "TOOLSMITH_RUN" in os.environ:
    # All of a user at once; without walls that would be the whole machine.
    attempt("setpriority user", lambda: nice(os.PRIO_USER, 0))
    attempt("ioprio_set user", lambda: disk(3, os.getuid()))
