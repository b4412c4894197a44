import hashlib
import os
import tempfile
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

from llm_book.data.corpus import fetch

os.environ["no_proxy"] = "127.0.0.1"
STORY = b"The fox isn't lost. " * 1000


# --8<-- [start:server]
class Faulty(BaseHTTPRequestHandler):
    """Answer with what `server` holds: a status, a body, and a lie about its length."""

    def do_GET(self):
        server.requests += 1
        self.send_response(server.status)
        self.send_header("Content-Length", str(len(server.body) + server.lie))
        self.end_headers()
        self.wfile.write(server.body)

    # --8<-- [end:server]
    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Faulty)
Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}/story.txt"
fingerprint = hashlib.sha256(STORY).hexdigest()
# --8<-- [start:run]
FAULTS = {
    "no such file": (404, b"", 0),
    "busy": (503, b"", 0),
    "length too long": (200, STORY, 10),
    "length too short": (200, STORY, -10),
    "another fox": (200, STORY.replace(b"fox", b"fix"), 0),
}
for fault, (server.status, server.body, server.lie) in FAULTS.items():
    server.requests = 0
    with tempfile.TemporaryDirectory() as folder:
        try:
            fetch(url, fingerprint, folder=folder, attempts=3, pause=0)
        except (LookupError, ConnectionError, ValueError) as error:
            print(f"{fault:16}  requests: {server.requests}  {type(error).__name__}")
        assert not list(Path(folder).rglob("story.txt"))  # nothing under the final name
# --8<-- [end:run]
server.shutdown()
server.server_close()
