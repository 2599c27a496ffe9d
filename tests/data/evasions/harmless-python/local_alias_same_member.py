from os import system as run
def f():
    from json import dumps as run
    return run(1)
print(run is None)
