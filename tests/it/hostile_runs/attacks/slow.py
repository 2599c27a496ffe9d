say("started")
time.sleep(600)
