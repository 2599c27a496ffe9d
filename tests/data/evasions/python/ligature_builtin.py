𝔭pen = 1
𝔬pen("out.txt", "w").close()  #!writes-files
