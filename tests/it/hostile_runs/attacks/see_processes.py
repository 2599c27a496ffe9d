attempt("victim", lambda: read("/proc/%d/cmdline" % FACTS["victim"]))
