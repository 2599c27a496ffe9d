count = 0
try:
    while count < 500:
        if os.fork() == 0:
            time.sleep(60)
            os._exit(0)
        count += 1
except OSError as error:
    say("stopped", error)
say("forked", count)
if count == 500:
    say("worked ALL")
else:
    # The kernel stopped it; who counts processes has the time to see them.
    time.sleep(6)
