def rewrite():
    os.chmod(__file__, 0o777)
    write(__file__, "print('other')\n", "a")
attempt("rewrite", rewrite)
attempt("append", lambda: write(__file__, "# by the tool\n", "a"))
attempt("beside", lambda: write(os.path.join(os.path.dirname(os.path.abspath(__file__)), "planted.py"), "x = 1\n"))
attempt("workspace", lambda: write(os.path.join(FACTS["work"], "tools/experimental", FACTS["tool"], "main.py"), "#", "a"))
