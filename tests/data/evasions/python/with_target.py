import os
from contextlib import nullcontext
with nullcontext(os) as m: m.system("id")  #!shell
