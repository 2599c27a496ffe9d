from functools import partial
partial(open, "out.txt", "w")().close()  #!writes-files
