# A chain that outruns whoever looks at a list of processes: each child forks before its parent ends.
if os.fork() == 0:
    os.setsid()
    ends = time.time() + 30
    while time.time() < ends:
        if os.fork() != 0:
            os._exit(0)
        time.sleep(0.03)
time.sleep(0.3)
say("left a chain")
