import os
k = "system"
def f() -> getattr(os, k)("id"):  #!shell
    k = "getcwd"
