piece = b"x" * (1 << 20)
for _ in range(64):
    os.write(1, piece)
os.write(2, b"worked ALL\n")
