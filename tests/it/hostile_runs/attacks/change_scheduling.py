others = [os.getppid(), FACTS["victim"]]
if "TOOLSMITH_RUN" in os.environ:
    others += list(range(1, 40))
class Attributes(ctypes.Structure):
    _fields_ = [("size", ctypes.c_uint32), ("policy", ctypes.c_uint32), ("flags", ctypes.c_uint64), ("nice", ctypes.c_int32),
                ("priority", ctypes.c_uint32), ("times", ctypes.c_uint64 * 3)]
def affinity(pid):
    os.sched_setaffinity(pid, [min(os.sched_getaffinity(0))])
def policy(pid):
    os.sched_setscheduler(pid, os.SCHED_BATCH, os.sched_param(0))
def parameter(pid):
    os.sched_setparam(pid, os.sched_param(0))
def attributes(pid):
    called(libc.syscall(314, pid, ctypes.byref(Attributes(size=48, policy=3, nice=15)), 0))
def share_core(pid):
    called(libc.prctl(62, 2, pid, 0, 0))
def check(act, pid):
    act(pid)
    return "CHANGED the scheduling of %d" % pid
for pid in others:
    if pid not in (0, os.getpid()):
        for act in (affinity, policy, parameter, attributes):
            attempt(act.__name__, lambda: check(act, pid))
attempt("share_core", lambda: check(share_core, FACTS["victim"]))
