say("sleeping")
time.sleep(3600)
