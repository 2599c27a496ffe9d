for _ in range(5):
    if os.fork() == 0:
        break
say("spinning")
while True:
    pass
