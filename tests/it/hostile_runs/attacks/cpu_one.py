say("spinning")
while True:
    pass
