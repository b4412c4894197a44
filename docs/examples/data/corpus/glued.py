# --8<-- [start:resume]
import os
import tempfile
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from urllib.request import Request, urlopen

from llm_book.data.corpus import fetch


def resume(url, held):
    """Return a file of which we hold the beginning."""
    with urlopen(Request(url, headers={"Range": f"bytes={len(held)}-"})) as answer:
        return held + answer.read()


# --8<-- [end:resume]
# --8<-- [start:server]
os.environ["no_proxy"] = "127.0.0.1"
EDITIONS = {'"1"': b"The fox sleeps in a hole.", '"2"': b"The cat sleeps on a sofa."}


class Revised(BaseHTTPRequestHandler):
    """Hang up in the first edition, and have the second from then on."""

    def do_GET(self):
        server.requests += 1
        etag, stop = ('"1"', 14) if server.requests == 1 else ('"2"', 25)
        honoured = self.headers.get("If-Range", etag) == etag
        start = 14 if "Range" in self.headers and honoured else 0
        self.send_response(206 if start else 200)
        self.send_header("ETag", etag)
        self.send_header("Content-Range", f"bytes {start}-24/25")
        self.send_header("Content-Length", str(25 - start))
        self.end_headers()
        self.wfile.write(EDITIONS[etag][start:stop])

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Revised)
Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}/story.txt"
# --8<-- [end:server]
# --8<-- [start:run]
server.requests = 0
with urlopen(url) as answer:
    held = answer.read(25)  # all 25 bytes, but the server hangs up
data = resume(url, held)
print(server.requests, data)

server.requests = 0
with tempfile.TemporaryDirectory() as folder:
    path = fetch(url, None, folder=folder, pause=0)
    print(server.requests, path.read_bytes())
# --8<-- [end:run]
server.shutdown()
server.server_close()
