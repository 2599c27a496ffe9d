import resource
# Everybody who is not this process: whoever started it, the victim, and behind walls whatever else has a number.
others = [os.getppid(), FACTS["victim"]]
if "TOOLSMITH_RUN" in os.environ:
    others += list(range(1, 40))
def blind(pid):
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (0, 0))
    return "CHANGED the limits of %d" % pid
for pid in others:
    if pid not in (0, os.getpid()):
        attempt("prlimit", lambda: blind(pid))
write("proof", "made after the attempt")
