for number in range(40):
    with open("%s-%d" % (TOKEN, number), "wb") as file:
        file.write(b"x" * (1 << 20))
    # Where the disk is watched and not bounded, more is written before it is looked.
    time.sleep(0.05)
say("worked ALL")
