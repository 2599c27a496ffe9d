import os
{"a": os}["a"].system("id")  #!shell
