import os
k = "getcwd"
globals()["k"] = "system"
getattr(os, k)("id")  #!shell
