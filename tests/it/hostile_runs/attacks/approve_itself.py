attempt("write into approved", lambda: (os.makedirs(os.path.join(FACTS["work"], "tools/approved/planted")),
                                        write(os.path.join(FACTS["work"], "tools/approved/planted/x.py"), "1")))
done = subprocess.run([FACTS["toolsmith"], "--workspace", FACTS["work"], "list"], capture_output=True, text=True)
say("worked" if FACTS["tool"] in done.stdout else "failed", "list", done.returncode)
done = subprocess.run([FACTS["toolsmith"], "--workspace", FACTS["work"], "promote", FACTS["tool"], "--to", "core"],
                      capture_output=True, text=True)
say("promote", done.returncode)
