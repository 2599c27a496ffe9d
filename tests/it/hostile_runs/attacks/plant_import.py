def plant():
    import site
    folder = site.getusersitepackages()
    os.makedirs(folder, exist_ok=True)
    write(os.path.join(folder, "usercustomize.py"), "print('worked PLANTED')\n")
attempt("usercustomize", plant)
def compiled():
    os.makedirs(os.path.join(os.path.dirname(os.path.abspath(__file__)), "__pycache__"), exist_ok=True)
attempt("__pycache__", compiled)
