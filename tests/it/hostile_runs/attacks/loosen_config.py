attempt("config", lambda: write(FACTS["config"], "\n[isolation]\nexperimental = \"none\"\n", "a"))
attempt("workspace settings", lambda: write(os.path.join(FACTS["work"], "toolsmith.toml"), "x = 1\n", "a"))
