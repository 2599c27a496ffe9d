import os
k = "system"
class C:
    getattr(os, k)("id")  #!shell
    k = "getcwd"
