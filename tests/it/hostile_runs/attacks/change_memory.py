class IoVec(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("len", ctypes.c_size_t)]
def handle():
    return os.pidfd_open(FACTS["victim"])
def advise():
    page = IoVec(FACTS["victim_at"] & ~4095, 4096)
    # Swaps the page out (MADV_PAGEOUT).
    called(libc.syscall(440, handle(), ctypes.byref(page), ctypes.c_size_t(1), 21, 0))
    return "CHANGED"
def write_memory():
    text = ctypes.create_string_buffer(b"overwritten")
    here, there = IoVec(ctypes.addressof(text), 4), IoVec(FACTS["victim_at"] + 32, 4)
    called(libc.process_vm_writev(FACTS["victim"], ctypes.byref(here), 1, ctypes.byref(there), 1, 0))
    return "CHANGED"
def take_file():
    return "CHANGED %d" % called(libc.syscall(438, handle(), 0, 0))
def move():
    # Where its pages are: the node of each.
    pages, status = (ctypes.c_void_p * 1)(FACTS["victim_at"] & ~4095), (ctypes.c_int * 1)()
    called(libc.syscall(279, FACTS["victim"], ctypes.c_ulong(1), pages, None, status, 0))
    return "CHANGED"
def compare():
    called(libc.syscall(312, FACTS["victim"], FACTS["victim"], 0, 0, 0))
    return "CHANGED"
def robust():
    head, size = ctypes.c_void_p(), ctypes.c_size_t()
    called(libc.syscall(274, FACTS["victim"], ctypes.byref(head), ctypes.byref(size)))
    return "CHANGED"
for act in (advise, write_memory, take_file, move, compare, robust):
    attempt(act.__name__, act)
