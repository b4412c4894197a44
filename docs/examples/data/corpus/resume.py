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
class HangingUp(BaseHTTPRequestHandler):
    """Hang up after 7,000 bytes, then after 5,000 more, then keep the promise."""

    def do_GET(self):
        asked = self.headers.get("Range")
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked else 0
        stop = {0: 7000, 7000: 12_000}.get(start, len(STORY))
        print(f"Range: {asked}, sending {stop - start} bytes")
        self.send_response(206 if start else 200)
        self.send_header("ETag", '"first edition"')
        self.send_header("Content-Length", str(len(STORY) - start))
        self.send_header("Content-Range", f"bytes {start}-{len(STORY) - 1}/{len(STORY)}")
        self.end_headers()
        self.wfile.write(STORY[start:stop])

    # --8<-- [end:server]
    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), HangingUp)
Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}/story.txt"
# --8<-- [start:run]
fingerprint = hashlib.sha256(STORY).hexdigest()
with tempfile.TemporaryDirectory() as folder:
    for attempts in (1, 5):
        try:
            fetch(url, fingerprint, folder=folder, attempts=attempts, pause=0)
        except ConnectionError as error:
            print("failed:", str(error).partition(": ")[2].partition(". ")[0])
        files = sorted(Path(folder).rglob("story*"))
        print({file.name: file.stat().st_size for file in files})
# --8<-- [end:run]
server.shutdown()
server.server_close()
