def fill():
    try:
        with open("/dev/shm/" + TOKEN, "wb") as file:
            for _ in range(30):
                file.write(b"x" * (20 << 20))
    finally:
        if os.path.exists("/dev/shm/" + TOKEN):
            os.unlink("/dev/shm/" + TOKEN)
    return "ALL"
attempt("fill", fill)
