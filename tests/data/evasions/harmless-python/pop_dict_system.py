system = {"a": 1}
system.get("a")
