line = b"flood " * 11000 + b"\n"
for _ in range(16 * 64):
    os.write(1, line)
os.write(2, b"worked ALL\n")
