open("out.txt", "w").close()  #!writes-files
from json import dumps as open
