import os
os.𝔰ystem("id")  #!shell
