import os as os_
os = os_
os.system("id")  #!shell
