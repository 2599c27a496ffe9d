held = []
for _ in range(30):
    held.append(b"x" * (20 << 20))
    say("held", len(held) * 20)
say("worked ALL")
