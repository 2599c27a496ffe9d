"""Run with: python3 tests/test_http_status.py"""

import http.server
import pathlib
import socket
import sys
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from http_status import check  # noqa: E402


class Server(http.server.BaseHTTPRequestHandler):
    def do_HEAD(self):
        status = {"/old": 301, "/loop": 302}.get(self.path, 200 if self.path == "/new" else 404)
        self.send_response(status)
        if status in (301, 302):
            self.send_header("Location", "/new" if status == 301 else "/loop")
        self.end_headers()

    def log_message(self, *_):
        pass


class Check(unittest.TestCase):
    def setUp(self):
        try:
            server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
            self.addCleanup(server.server_close)
            socket.create_connection(server.server_address, 5).close()
        except OSError as error:
            self.skipTest(f"no network here: {error}")
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.shutdown)
        self.base = f"http://127.0.0.1:{server.server_port}"

    def test_redirects_are_followed_and_shown(self):
        answer = check([self.base + "/old", self.base + "/missing", self.base + "/loop"])
        moved, missing, loop = answer["results"]
        self.assertEqual((moved["status"], moved["redirects"]), (200, [self.base + "/new"]))
        self.assertEqual((missing["status"], missing["ok"]), (404, False))
        self.assertEqual(loop["reason"], "too many redirects")


class Addresses(unittest.TestCase):
    def test_what_is_not_a_web_address_is_not_asked(self):
        answer = check(["ftp://example.invalid/x", "nonsense"])
        self.assertEqual((answer["checked"], answer["failed"]), (2, 2))
        for one in answer["results"]:
            self.assertIn("not an http or https address", one["reason"])


if __name__ == "__main__":
    unittest.main()
