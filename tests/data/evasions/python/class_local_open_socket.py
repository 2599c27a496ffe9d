import socket as s
class C:
    s.create_server(("127.0.0.1", 0)).close()  #!network
    import json as s
