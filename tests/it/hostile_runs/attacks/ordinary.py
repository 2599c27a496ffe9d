import tempfile, threading
write("note", "mine")
with tempfile.NamedTemporaryFile() as file:
    file.write(b"x")
found = []
worker = threading.Thread(target=lambda: found.append(read("note")))
worker.start()
worker.join()
done = subprocess.run(["sh", "-c", "echo $((6 * 7)) | tr 4 4; ls /usr/bin | head -1; mktemp"], capture_output=True, text=True)
say("ordinary", found, done.stdout.split()[0], done.returncode, done.stderr)
