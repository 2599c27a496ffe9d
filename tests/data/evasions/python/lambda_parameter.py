import os
(lambda m: m.system("id"))(os)  #!shell
