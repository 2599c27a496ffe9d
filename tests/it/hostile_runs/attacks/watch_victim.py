# Counts what another process does: opening the counter is enough.
attributes = ctypes.create_string_buffer(struct.pack("<IIQQQQQ", 1, 128, 0, 0, 0, 0, 1 << 5 | 1 << 6), 128)
def count():
    return "OPENED %d" % called(libc.syscall(298, attributes, FACTS["victim"], -1, -1, 0))
attempt("perf_event_open", count)
