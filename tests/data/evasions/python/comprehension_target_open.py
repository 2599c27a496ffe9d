[o("out.txt", "w").close() for o in [open]]  #!writes-files
