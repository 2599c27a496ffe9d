def dig():
    os.mkdir(TOKEN)
    os.chdir(TOKEN)
    for depth in range(3000):
        os.mkdir("d")
        os.chdir("d")
    write(TOKEN + "-bottom", "deep")
attempt("dig", dig)
