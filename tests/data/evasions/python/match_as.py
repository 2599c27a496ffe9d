import os
match [os]:
    case [object() as m]: m.system("id")  #!shell
