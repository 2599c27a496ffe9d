import os as m
from json import JSONDecodeError
class C:
    try:
        raise JSONDecodeError("", "", 0)
    except JSONDecodeError as m:
        pass
    m.system("id")  #!shell
