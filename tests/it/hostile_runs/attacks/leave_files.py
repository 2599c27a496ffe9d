for folder in [".", os.environ.get("HOME", "."), os.environ.get("TMPDIR", "."), "/tmp", "/dev/shm", "/var/tmp"]:
    attempt(folder, lambda: write(os.path.join(folder, TOKEN + "-left"), "by the tool"))
