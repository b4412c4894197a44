import hashlib
import random
import re
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from llm_book.data import corpus
from llm_book.data.corpus import CATALOGUE, Corpus, cache_folder, fetch, read_corpus

CONTENT = random.Random(0).randbytes(300_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Handler(BaseHTTPRequestHandler):
    """Answer from `server.script`, one entry a request; when it is used up, behave."""

    def do_GET(self):
        server = self.server
        server.requests.append(dict(self.headers))
        move = server.script.pop(0) if server.script else {}
        content, etag = server.content, move.get("etag", server.etag)
        if "status" in move:
            self.send_response(move["status"])
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        start = 0
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        honoured = self.headers.get("If-Range") == etag or move.get("ignore_if_range")
        if asked and honoured and not move.get("ignore_range"):
            start = int(asked[1])
        if start and start >= len(content):
            self.send_response(416)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(206 if start else 200)
        if start:
            first = start + move.get("shift", 0)
            self.send_header("Content-Range", f"bytes {first}-{len(content) - 1}/{len(content)}")
        if etag:
            self.send_header("ETag", etag)
        body = content[start:]
        self.send_header("Content-Length", str(len(body) + move.get("lie", 0)))
        self.end_headers()
        self.wfile.write(body[: move.get("cut", len(body))])

    def log_message(self, *arguments):
        pass


@pytest.fixture
def server(monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.script, server.requests, server.content, server.etag = [], [], CONTENT, '"first"'
    server.url = f"http://127.0.0.1:{server.server_port}/books/text.txt"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def get(server, folder, sha256=SHA256, **options):
    return fetch(server.url, sha256, folder=folder, pause=0, timeout=5, **options)


def leftovers(folder):
    return sorted(file.name for file in folder.rglob("*") if file.is_file())


def test_what_arrives_is_what_the_server_holds(server, tmp_path):
    path = get(server, tmp_path)
    assert path.read_bytes() == CONTENT
    assert leftovers(tmp_path) == ["text.txt"]


def test_no_attempt_at_all_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="attempts=0, expected at least 1"):
        fetch("http://example.org/text.txt", None, folder=tmp_path / "new", attempts=0)
    assert not list(tmp_path.iterdir())


def test_the_second_call_needs_no_server(server, tmp_path):
    first = get(server, tmp_path)
    server.script = [{"status": 404}]
    assert get(server, tmp_path) == first
    assert len(server.requests) == 1


def test_two_addresses_with_the_same_last_name_do_not_collide(server, tmp_path):
    other = server.url.replace("books", "poems") + "?edition=2"
    assert get(server, tmp_path) != fetch(other, SHA256, folder=tmp_path)
    assert [request.get("Range") for request in server.requests] == [None, None]


def test_a_cut_connection_is_resumed_where_it_stopped(server, tmp_path):
    server.script = [{"cut": 100_000}, {"cut": 50_000}]
    assert get(server, tmp_path).read_bytes() == CONTENT
    ranges = [request.get("Range") for request in server.requests]
    assert ranges == [None, "bytes=100000-", "bytes=150000-"]


def test_a_later_call_resumes_what_an_earlier_one_left(server, tmp_path):
    server.script = [{"cut": 100_000}]
    with pytest.raises(ConnectionError, match="100000 of 300000 bytes"):
        get(server, tmp_path, attempts=1)
    assert leftovers(tmp_path) == ["text.txt.part", "text.txt.part.etag"]
    assert get(server, tmp_path).read_bytes() == CONTENT
    assert server.requests[-1]["Range"] == "bytes=100000-"
    assert leftovers(tmp_path) == ["text.txt"]


def test_a_server_without_ranges_is_asked_for_the_whole_again(server, tmp_path):
    server.script = [{"cut": 100_000}, {"ignore_range": True}]
    assert get(server, tmp_path).read_bytes() == CONTENT


@pytest.mark.parametrize("etag", [None, 'W/"weak"'])
def test_without_a_strong_tag_nothing_is_glued_together(server, tmp_path, etag):
    server.etag, server.script = etag, [{"cut": 100_000}]
    assert get(server, tmp_path, sha256=None).read_bytes() == CONTENT
    assert "Range" not in server.requests[1]


@pytest.mark.parametrize("move", [{}, {"ignore_if_range": True}])
def test_a_file_that_changes_while_we_fetch_it_starts_over(server, tmp_path, move):
    server.script = [{"cut": 100_000, "etag": '"old"'}, move]
    with pytest.raises(ConnectionError):
        get(server, tmp_path, attempts=1)
    server.content = CONTENT[::-1]
    assert get(server, tmp_path, sha256=None).read_bytes() == CONTENT[::-1]


def test_a_part_from_another_place_is_not_appended(server, tmp_path):
    server.script = [{"cut": 100_000}, {"shift": 1}]
    assert get(server, tmp_path).read_bytes() == CONTENT
    assert [request.get("Range") for request in server.requests] == [None, "bytes=100000-", None]


def test_a_part_longer_than_the_file_is_thrown_away(server, tmp_path):
    server.script = [{"cut": 100_000}]
    with pytest.raises(ConnectionError):
        get(server, tmp_path, attempts=1)
    next(tmp_path.rglob("*.part")).write_bytes(CONTENT + b"more")
    assert get(server, tmp_path).read_bytes() == CONTENT


def test_a_length_promised_too_long_is_a_broken_connection(server, tmp_path):
    server.script = [{"lie": 10, "etag": None}] * 2
    with pytest.raises(ConnectionError, match="300000 of 300010 bytes"):
        get(server, tmp_path, attempts=2)
    assert "text.txt" not in leftovers(tmp_path)


def test_a_length_promised_too_short_fails_the_checksum(server, tmp_path):
    server.script = [{"lie": -10}]
    with pytest.raises(ValueError, match="is not the file we expect"):
        get(server, tmp_path)
    assert "text.txt" not in leftovers(tmp_path)


@pytest.mark.parametrize("status", [500, 503, 429])
def test_a_busy_server_is_asked_again(server, tmp_path, status):
    server.script = [{"status": status}] * 2
    assert get(server, tmp_path).read_bytes() == CONTENT
    assert len(server.requests) == 3


def test_the_pauses_double(server, tmp_path, monkeypatch):
    pauses = []
    monkeypatch.setattr(corpus.time, "sleep", pauses.append)
    server.script = [{"status": 503}] * 3
    fetch(server.url, SHA256, folder=tmp_path, pause=0.5)
    assert pauses == [0.5, 1.0, 2.0]


@pytest.mark.parametrize("status", [404, 403, 410])
def test_a_refusal_for_good_is_not_repeated(server, tmp_path, status):
    server.script = [{"status": status}]
    with pytest.raises(LookupError, match=f"text.txt answers {status}"):
        get(server, tmp_path)
    assert len(server.requests) == 1
    assert leftovers(tmp_path) == []


def test_without_a_network_the_message_says_what_to_do(server, tmp_path):
    server.shutdown()
    server.server_close()
    with pytest.raises(ConnectionError, match=r"in 2 attempts: .*save the file by hand as .*text"):
        get(server, tmp_path, attempts=2)


def test_a_silent_server_counts_as_broken(server, tmp_path):
    silent = threading.Event()
    server.finish_request = lambda *arguments: silent.wait(5)
    with pytest.raises(ConnectionError, match="timed out"):
        fetch(server.url, SHA256, folder=tmp_path, attempts=1, timeout=0.1)
    silent.set()


def test_a_wrong_checksum_leaves_nothing_behind(server, tmp_path):
    with pytest.raises(ValueError, match=f"SHA-256 is {SHA256}, expected {'0' * 64}"):
        get(server, tmp_path, sha256="0" * 64)
    assert leftovers(tmp_path) == []


def test_a_checksum_may_be_written_in_capitals(server, tmp_path):
    assert get(server, tmp_path, sha256=SHA256.upper()).read_bytes() == CONTENT


def test_a_file_damaged_in_the_cache_is_noticed(server, tmp_path):
    get(server, tmp_path).write_bytes(CONTENT[:-1])
    with pytest.raises(ValueError, match=r"text.txt is damaged; delete it"):
        get(server, tmp_path)


def test_without_a_checksum_the_first_download_is_held_to(server, tmp_path):
    path = get(server, tmp_path, sha256=None)
    assert (path.parent / "text.txt.sha256").read_text() == f"{SHA256}  text.txt\n"
    assert get(server, tmp_path, sha256=None) == path
    path.write_bytes(CONTENT + b"!")
    with pytest.raises(ValueError, match="is damaged"):
        get(server, tmp_path, sha256=None)


def test_a_file_fetched_anew_must_be_the_one_that_was_trusted(server, tmp_path):
    get(server, tmp_path, sha256=None).unlink()
    server.content = CONTENT[::-1]
    with pytest.raises(ValueError, match="is not the file we expect"):
        get(server, tmp_path, sha256=None)


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "text.txt", "http://host", "http://host/", "http://host/a/.."]
)
def test_an_address_that_names_no_file_is_refused(url, tmp_path):
    with pytest.raises(ValueError, match="cannot fetch"):
        fetch(url, None, folder=tmp_path)


def test_no_address_leads_out_of_the_folder(server, tmp_path):
    path = fetch(server.url.replace("books", "../../%2e%2e/a:b"), SHA256, folder=tmp_path)
    assert path.resolve().is_relative_to(tmp_path.resolve())


def test_the_cache_folder_follows_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("LLM_BOOK_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path
    monkeypatch.delenv("LLM_BOOK_CACHE")
    assert "llm_book" in cache_folder().parts


def test_a_corpus_is_read_from_the_cache_folder(server, monkeypatch, tmp_path):
    monkeypatch.setenv("LLM_BOOK_CACHE", str(tmp_path))
    server.content = "\ufeff呐喊\r\nOnce upon a time".encode()
    monkeypatch.setitem(CATALOGUE, "tiny", Corpus(url=server.url, language="zh", licence="ours"))
    assert read_corpus("tiny") == "呐喊\nOnce upon a time"
    assert leftovers(tmp_path) == ["text.txt", "text.txt.sha256"]


def test_an_unknown_corpus_is_answered_with_the_known_ones():
    with pytest.raises(LookupError, match=r"no corpus 'the-odyssey', expected one of: the-verdict"):
        read_corpus("the-odyssey")


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_entry_of_the_catalogue_is_well_formed(name):
    entry = CATALOGUE[name]
    assert entry.url.startswith("https://")
    assert entry.language in ("en", "zh")
    assert entry.licence
    assert entry.sha256 is None or re.fullmatch("[0-9a-f]{64}", entry.sha256)


def test_importing_needs_neither_torch_nor_the_network():
    code = """
import sys
connected = []
sys.addaudithook(lambda event, _: connected.append(event) if event == "socket.connect" else None)
import llm_book.data.corpus
sys.exit("torch" in sys.modules or bool(connected))
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
