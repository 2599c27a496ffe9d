with open(TOKEN + "-big", "wb") as file:
    for _ in range(24):
        file.write(b"x" * (1 << 20))
say("worked ALL")
