import importlib
subprocess = importlib.import_module("subprocess")
subprocess.call(["id"])  #!starts-programs
