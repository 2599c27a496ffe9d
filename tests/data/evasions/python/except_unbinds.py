from json import JSONDecodeError
try:
    raise JSONDecodeError("", "", 0)
except JSONDecodeError as open:
    pass
open("out.txt", "w").close()  #!writes-files
