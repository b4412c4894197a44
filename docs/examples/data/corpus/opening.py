# --8<-- [start:download]
import os
import shutil
import tempfile
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from urllib.request import urlopen


def download(url, path):
    if not path.exists():
        with urlopen(url) as answer, path.open("wb") as file:
            shutil.copyfileobj(answer, file)
    return path


# --8<-- [end:download]
# --8<-- [start:server]
os.environ["no_proxy"] = "127.0.0.1"  # ask this machine, whatever proxy it uses
STORY = b"The fox isn't lost. " * 1000


class HangingUp(BaseHTTPRequestHandler):
    """Promise the whole story and hang up after 7,000 bytes."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(STORY)))
        self.end_headers()
        self.wfile.write(STORY[:7000])

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), HangingUp)  # 0: any port that is free
Thread(target=server.serve_forever, daemon=True).start()
# --8<-- [end:server]
# --8<-- [start:run]
url = f"http://127.0.0.1:{server.server_port}/story.txt"
with tempfile.TemporaryDirectory() as folder:
    for _ in range(2):
        path = download(url, Path(folder) / "story.txt")
        print(path.stat().st_size, "of", len(STORY), "bytes")
# --8<-- [end:run]
server.shutdown()
server.server_close()
