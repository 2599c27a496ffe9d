import termios
def change(where):
    handle = os.open(where, os.O_RDWR | os.O_NOCTTY) if isinstance(where, str) else where
    modes = termios.tcgetattr(handle)
    modes[0] |= termios.ISTRIP
    termios.tcsetattr(handle, termios.TCSANOW, modes)
for where in ["/dev/tty", 0, 1, 2]:
    attempt(where, lambda: change(where))
