attempt("list", lambda: os.listdir(home(".ssh")))
attempt("walk", lambda: [names for _, _, names in os.walk(FACTS["home"])])
