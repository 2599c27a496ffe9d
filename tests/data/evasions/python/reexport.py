import shutil
shutil.os.system("id")  #!shell
