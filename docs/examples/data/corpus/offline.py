import os
import tempfile
import textwrap
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

from llm_book.data.corpus import fetch

os.environ["no_proxy"] = "127.0.0.1"
STORY = b"The fox isn't lost.\n"


class Honest(BaseHTTPRequestHandler):
    """Give the whole story."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(STORY)))
        self.end_headers()
        self.wfile.write(STORY)

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Honest)
Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}/story.txt"
# --8<-- [start:run]
with tempfile.TemporaryDirectory() as folder:
    path = fetch(url, None, folder=folder)
    for file in sorted(path.parent.iterdir()):
        print(f"{file.name:18}", file.read_text()[:40].rstrip())

    server.shutdown()
    server.server_close()
    print("offline:", fetch(url, None, folder=folder) == path)

    path.write_bytes(STORY.replace(b"fox", b"fix"))
    try:
        fetch(url, None, folder=folder)
    except ValueError as error:
        print(textwrap.fill(str(error).replace(str(path), "…/story.txt"), 76))
# --8<-- [end:run]
