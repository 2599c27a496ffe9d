def f():
    import json as requests
    def g():
        return requests.dumps({})
    return g()
f()
