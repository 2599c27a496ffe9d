children = []
for _ in range(6):
    child = os.fork()
    if child == 0:
        held = bytearray(b"x") * (90 << 20)
        time.sleep(2)
        os._exit(0 if len(held) else 1)
    children.append(child)
ends = [os.waitpid(child, 0)[1] for child in children]
say("ends", ends)
if not any(ends):
    say("worked ALL")
