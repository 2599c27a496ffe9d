import os
m = os if __name__ else None
m.system("id")  #!shell
