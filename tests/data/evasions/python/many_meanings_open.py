from json import loads as o, load as o, dump as o, dumps as o, detect_encoding as o, scanner as o
o = open
o("out.txt", "w").close()  #!writes-files
