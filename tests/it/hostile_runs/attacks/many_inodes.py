os.mkdir(TOKEN)
for number in range(6000):
    os.close(os.open("%s/%d" % (TOKEN, number), os.O_CREAT | os.O_WRONLY))
say("worked ALL")
time.sleep(1)
