import json
def f():
    global q
    q = json
f()
q.dumps(1)
