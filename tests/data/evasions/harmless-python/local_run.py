import subprocess
def f():
    import json as subprocess
    return subprocess.dumps(1)
f()
