{"a": open}["a"]("out.txt", "w").close()  #!writes-files
