"""Fetch a text once, check it, and find it again offline."""

import hashlib
import os
import re
import time
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from ssl import SSLError
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from platformdirs import user_cache_dir
from tqdm import tqdm

PASSING = {408, 425, 429, 500, 502, 503, 504}  # answers that may be different next time
BROKEN = (URLError, HTTPException, ConnectionError, TimeoutError, SSLError)


@dataclass(frozen=True, kw_only=True)
class Corpus:
    """Where a text lives and on what terms.

    Attributes:
        url: Address of a UTF-8 text file.
        language: "en" or "zh".
        licence: What its publisher allows.
        size: Bytes, or None where the publisher rewrites the file from time to time.
        sha256: Published checksum in hexadecimal, or None: see `fetch`.
    """

    url: str
    language: str
    licence: str
    size: int | None = None
    sha256: str | None = None


RAW = "https://raw.githubusercontent.com"
TINY_STORIES = (
    "https://huggingface.co/datasets/roneneldan/TinyStories/resolve/"
    "f54c09fd23315a6f9c86f9dc80f725de7d8f9c64"
)
CATALOGUE = {
    "the-verdict": Corpus(
        url=f"{RAW}/rasbt/LLMs-from-scratch/main/ch02/01_main-chapter-code/the-verdict.txt",
        language="en",
        licence="public domain (Edith Wharton, 1908)",
        size=20_479,
    ),
    "tiny-shakespeare": Corpus(
        url=f"{RAW}/karpathy/char-rnn/master/data/tinyshakespeare/input.txt",
        language="en",
        licence="public domain",
        size=1_115_394,
        sha256="86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
    ),
    "tiny-stories": Corpus(  # Eldan & Li 2023, https://arxiv.org/abs/2305.07759
        url=f"{TINY_STORIES}/TinyStories-train.txt",
        language="en",
        licence="CDLA-Sharing-1.0",
        size=1_924_281_556,
        sha256="c5cf5e22ff13614e830afbe61a99fbcbe8bcb7dd72252b989fa1117a368d401f",
    ),
    "tiny-stories-valid": Corpus(
        url=f"{TINY_STORIES}/TinyStories-valid.txt",
        language="en",
        licence="CDLA-Sharing-1.0",
        size=19_447_282,
        sha256="94e431816c4cce81ff71e4408ff8d3bda9a42e8d2663986697c3954288cb38b4",
    ),
    "na-han": Corpus(  # 魯迅《吶喊》
        url="https://www.gutenberg.org/cache/epub/27166/pg27166.txt",
        language="zh",
        licence="public domain in the United States (Lu Xun, 1923), Project Gutenberg License",
    ),
}


def cache_folder() -> Path:
    """Return the folder of downloads: `$LLM_BOOK_CACHE`, or where this system keeps caches."""
    return Path(os.environ.get("LLM_BOOK_CACHE") or user_cache_dir("llm_book"))


def read_corpus(name: str, *, folder: str | Path | None = None) -> str:
    """Return a text of the catalogue as its publisher wrote it, fetched if need be.

    Args:
        name: A key of `CATALOGUE`.
        folder: As for `fetch`.

    Raises:
        LookupError: The catalogue has no such name.
    """
    if name not in CATALOGUE:
        raise LookupError(f"no corpus {name!r}, expected one of: {', '.join(CATALOGUE)}")
    corpus = CATALOGUE[name]
    return fetch(corpus.url, corpus.sha256, folder=folder).read_text(encoding="utf-8-sig")


def fetch(
    url: str,
    sha256: str | None,
    *,
    folder: str | Path | None = None,
    attempts: int = 5,
    timeout: float = 30.0,
    pause: float = 1.0,
) -> Path:
    """Download a file once and return where it lies; the second call needs no network.

    The file gets its name only when it is complete and its checksum is right. Until then
    it is called `….part`, and the next attempt, or the next call, goes on where it ends.
    The standard library's `urllib` does all we ask of HTTP, so there is nothing to install.

    Args:
        url: Address, http or https. Its host and path name the file inside the folder.
        sha256: Checksum in hexadecimal. None means: trust the first download, write its
            checksum beside it, in `….sha256`, and hold every later reading to that.
        folder: Where to keep it; `cache_folder()` by default.
        attempts: How often to ask while the connection breaks or the server is busy.
        timeout: Seconds of silence after which a connection counts as broken.
        pause: Seconds before the second attempt; it doubles before every further one.

    Raises:
        ValueError: The address cannot name a file, the checksum is another, or attempts is
            below 1.
        LookupError: The server refuses for good, such as 404.
        ConnectionError: All attempts failed.
    """
    if attempts < 1:
        raise ValueError(f"attempts={attempts}, expected at least 1")
    path = _place(url, cache_folder() if folder is None else Path(folder))
    record = _beside(path, ".sha256")
    if sha256 is None and record.exists():
        sha256 = record.read_text().split(" ")[0] or None
    if path.exists():
        _check(path, sha256, f"{path} is damaged; delete it to fetch it again")
    else:
        part = _beside(path, ".part")
        path.parent.mkdir(parents=True, exist_ok=True)
        _download(url, part, attempts, timeout, pause)
        try:
            _check(part, sha256, f"{url} is not the file we expect")
        except ValueError:
            part.unlink()
            raise
        finally:
            _beside(part, ".etag").unlink(missing_ok=True)
        part.replace(path)
    if sha256 is None:
        record.write_text(f"{_digest(path)}  {path.name}\n")  # `sha256sum -c` reads this
    return path


def _place(url: str, folder: Path) -> Path:
    """Return the file for `url` in `folder`, which mirrors hosts and paths of the web."""
    address = urlsplit(url)
    names = [address.netloc, *address.path.split("/")]
    names[-1] += f"?{address.query}" if address.query else ""
    if address.scheme not in ("http", "https") or not address.netloc or not names[-1].strip("."):
        raise ValueError(f"cannot fetch {url!r}, expected http(s)://host/path/file")
    return folder.joinpath(*(re.sub(r"[^\w.-]", "_", name) for name in names if name.strip(".")))


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check(path: Path, sha256: str | None, complaint: str) -> None:
    """Raise ValueError if the file has another checksum than `sha256`."""
    if sha256 is not None and (actual := _digest(path)) != sha256.lower():
        raise ValueError(f"{complaint}: its SHA-256 is {actual}, expected {sha256}")


def _download(url: str, part: Path, attempts: int, timeout: float, pause: float) -> None:
    """Fill `part`, asking again after a growing pause while there is hope."""
    reason: Exception | None = None
    for attempt in range(attempts):
        if attempt > 0:
            time.sleep(pause * 2 ** (attempt - 1))
        try:
            _receive(url, part, timeout)
            return
        except HTTPError as error:
            error.close()
            if error.code == 416:  # what we hold is no beginning of that file
                part.unlink(missing_ok=True)
            elif error.code not in PASSING:
                raise LookupError(f"{url} answers {error.code} {error.reason}") from None
            reason = error
        except BROKEN as error:
            reason = error
    raise ConnectionError(
        f"{url} could not be fetched in {attempts} attempts: {reason}. Call again to go on "
        f"where it stopped, or save the file by hand as {part.with_suffix('')}"
    )


def _receive(url: str, part: Path, timeout: float) -> None:
    """Ask once for what `part` lacks and append it; raise if the answer breaks off."""
    note = _beside(part, ".etag")  # the server's name for this version of the file
    etag = note.read_text() if note.exists() else ""
    held = part.stat().st_size if etag and part.exists() else 0
    headers = {"User-Agent": "llm_book"}
    if held:
        headers |= {"Range": f"bytes={held}-", "If-Range": etag}
    with urlopen(Request(url, headers=headers), timeout=timeout) as answer:
        new_etag = answer.headers.get("ETag", "")
        start = answer.headers.get("Content-Range", "").partition("-")[0]
        if answer.status != 206:  # the whole file: first time, new version, or no ranges
            held = 0
            note.write_text(new_etag if new_etag.startswith('"') else "")  # W/ is too vague
        elif (new_etag, start) != (etag, f"bytes {held}"):
            part.unlink()
            raise ConnectionError("the server sent another part, or a part of another file")
        total = None if answer.length is None else held + answer.length
        bar = tqdm(
            desc=part.stem, initial=held, total=total, unit="B", unit_scale=True, disable=None
        )
        with bar, part.open("ab" if held else "wb") as file:
            while block := answer.read(1 << 16):
                file.write(block)
                bar.update(len(block))
    size = part.stat().st_size
    if total is not None and size != total:  # urllib does not complain about this itself
        raise ConnectionError(f"the connection broke after {size} of {total} bytes")
