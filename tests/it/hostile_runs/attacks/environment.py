for name, value in os.environ.items():
    say(name, value)
