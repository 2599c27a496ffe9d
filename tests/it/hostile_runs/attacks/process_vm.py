class IoVec(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("len", ctypes.c_size_t)]
def steal():
    room = ctypes.create_string_buffer(64)
    here, there = IoVec(ctypes.addressof(room), 64), IoVec(FACTS["victim_at"], 64)
    called(libc.process_vm_readv(FACTS["victim"], ctypes.byref(here), 1, ctypes.byref(there), 1, 0))
    return room.value.decode("utf-8", "replace")
attempt("process_vm_readv", steal)
def memory():
    with open("/proc/%d/mem" % FACTS["victim"], "rb", 0) as file:
        file.seek(FACTS["victim_at"])
        return file.read(64).split(b"\0")[0].decode()
attempt("mem", memory)
