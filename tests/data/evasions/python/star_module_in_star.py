from shutil import *
from glob import *
import glob
glob.os.system("id")  #!shell
