import os
def f():
    class os:
        @staticmethod
        def system(x): return x
    os.system("id")
print(os.sep)
f()
