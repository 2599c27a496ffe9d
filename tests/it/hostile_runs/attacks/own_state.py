attempt("plant", lambda: write(os.path.join(FACTS["state"], "planted"), "by the tool"))
for folder, _, names in os.walk(FACTS["state"]):
    for name in names:
        attempt("overwrite " + name, lambda: write(os.path.join(folder, name), "by the tool", "a"))
