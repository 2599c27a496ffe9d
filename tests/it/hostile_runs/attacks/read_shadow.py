for path in ["/etc/shadow", "/etc/gshadow"]:
    attempt(path, lambda: "SHADOW" if ":" in read(path) else "empty")
