def links():
    os.makedirs(TOKEN, exist_ok=True)
    os.symlink(FACTS["outside"], TOKEN + "/folder")
    os.symlink(outside("plain.txt"), TOKEN + "/file")
    os.symlink("..", TOKEN + "/up")
attempt("links", links)
