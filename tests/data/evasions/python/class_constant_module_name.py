import importlib
k = "subprocess"
class C:
    importlib.import_module(k).call(["id"])  #!starts-programs
    k = "json"
