"""The built site, and a browser over it, shared by the tests of this folder."""

import shutil
import threading
from pathlib import Path

import pytest

from llm_book.publishing import site as site_builder


@pytest.fixture(scope="session")
def site(tmp_path_factory) -> Path:
    """Both languages, built strictly once a session."""
    folder = tmp_path_factory.mktemp("site")
    site_builder.build_site(folder)
    return folder


@pytest.fixture(scope="session")
def address(site):
    """The root of the site as a local server offers it."""
    server = site_builder.open_server(0, site)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="session")
def browser():
    """Headless Chromium as the system has it."""
    playwright = pytest.importorskip("playwright.sync_api")
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    executable = next(filter(None, map(shutil.which, names)), None)
    if executable is None:
        pytest.skip("no Chromium on this machine; Debian's package is chromium")
    flags = [
        "--no-sandbox",
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
    ]
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=executable, args=flags)
        yield chromium
        chromium.close()
