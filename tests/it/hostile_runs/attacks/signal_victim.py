import fcntl
# A signal that changes nothing still shows that one arrives; the last one is one that kills.
number, victim = signal.SIGWINCH, FACTS["victim"]
class Info(ctypes.Structure):
    _fields_ = [("signo", ctypes.c_int), ("errno", ctypes.c_int), ("code", ctypes.c_int), ("pad", ctypes.c_int * 29)]
info = ctypes.byref(Info(signo=number, code=-1))
def sent(*args):
    called(libc.syscall(*args))
    return "SENT"
for name, args in {"kill": (62, victim, number), "tkill": (200, victim, number), "tgkill": (234, victim, victim, number),
                   "rt_sigqueueinfo": (129, victim, number, info), "rt_tgsigqueueinfo": (297, victim, victim, number, info),
                   "group": (62, -victim, number)}.items():
    attempt(name, lambda: sent(*args))
attempt("pidfd_send_signal", lambda: sent(424, os.pidfd_open(victim), number, None, 0))
def by_file():
    reading, writing = os.pipe()
    fcntl.fcntl(reading, fcntl.F_SETOWN, victim)
    fcntl.fcntl(reading, fcntl.F_SETFL, fcntl.fcntl(reading, fcntl.F_GETFL) | os.O_ASYNC)
    os.write(writing, b"x")
attempt("a signal by a file", by_file)
