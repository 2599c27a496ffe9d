say("path", os.environ.get("PATH"), os.environ.get("PYTHONPATH"))
