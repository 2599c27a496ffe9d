for f in map(open, ["out.txt"], ["w"]): f.close()  #!writes-files
