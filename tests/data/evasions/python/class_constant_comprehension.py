import os
k = "system"
class C:
    k = "getcwd"
    x = [getattr(os, k)("id") for _ in (1,)]  #!shell
