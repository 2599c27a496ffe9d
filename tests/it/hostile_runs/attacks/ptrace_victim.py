def trace():
    called(libc.ptrace(0x4206, FACTS["victim"], 0, 0))
    return "TRACED"
attempt("seize", trace)
