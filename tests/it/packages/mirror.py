"""Stands in for a registry: a proxy on the loopback that answers every CONNECT itself, over TLS.

Arguments: a folder to work in, a line for the hook of the package. Prints its port and the digest of its wheel.
"""

import base64
import hashlib
import http.server
import os
import socketserver
import ssl
import subprocess
import sys
import zipfile

NAMES = "subjectAltName=DNS:registry.example.org"


def make_certificate(folder):
    def openssl(*words):
        subprocess.run(["openssl", *words], check=True, capture_output=True, cwd=folder)

    with open(os.path.join(folder, "names"), "w") as names:
        names.write(NAMES)
    key = ["-newkey", "rsa:2048", "-nodes"]
    openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=stand-in",
            "-addext", "basicConstraints=critical,CA:TRUE")
    openssl("req", *key, "-keyout", "key.pem", "-out", "request.pem", "-subj", "/CN=registry.example.org")
    openssl("x509", "-req", "-in", "request.pem", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
            "-out", "cert.pem", "-days", "2", "-extfile", "names")


def make_wheel(folder, hook):
    info = "absent_a-1.0.dist-info"
    files = {
        "absent_a.py": "VALUE = 7\n",
        "absent_hook.pth": hook + "\n",
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: absent-a\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    lines = []
    for path, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        lines.append(f"{path},sha256={digest},{len(text)}\n")
    path = os.path.join(folder, "absent_a-1.0-py3-none-any.whl")
    with zipfile.ZipFile(path, "w") as wheel:
        for name, text in files.items():
            wheel.writestr(name, text)
        wheel.writestr(f"{info}/RECORD", "".join(lines) + f"{info}/RECORD,,\n")
    with open(path, "rb") as wheel:
        return hashlib.sha256(wheel.read()).hexdigest()


class Files(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.note(f"{self.command} {self.headers.get('host')}{self.path}")
        path = os.path.join(self.server.root, os.path.basename(self.path))
        code, body = 404, b""
        if path.endswith(".whl") and os.path.isfile(path):
            with open(path, "rb") as file:
                code, body = 200, file.read()
        self.send_response(code)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    do_HEAD = do_GET

    def log_message(self, *words):
        pass


class Proxy(socketserver.StreamRequestHandler):
    def handle(self):
        words = self.rfile.readline().split()
        while self.rfile.readline().strip():
            pass
        if words[:1] != [b"CONNECT"]:
            return
        self.server.note(words[1].decode())
        self.wfile.write(b"HTTP/1.1 200 ok\r\n\r\n")
        self.wfile.flush()
        try:
            with self.server.tls.wrap_socket(self.connection, server_side=True) as inside:
                Files(inside, self.client_address, self.server)
        except OSError as error:
            self.server.note(str(error))


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def note(self, line):
        with open(os.path.join(self.root, "asked"), "a") as asked:
            asked.write(line + "\n")


root = sys.argv[1]
make_certificate(root)
digest = make_wheel(root, sys.argv[2])
server = Server(("127.0.0.1", 0), Proxy)
server.root = root
server.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
server.tls.load_cert_chain(os.path.join(root, "cert.pem"), os.path.join(root, "key.pem"))
print(server.server_address[1], digest, flush=True)
server.serve_forever()
