"""Exercises of data/corpus."""

from collections.abc import Iterable


def sha256_of_chunks(chunks: Iterable[bytes]) -> str:
    """Return the SHA-256 of a file that comes in chunks, in hexadecimal.

    No more than one chunk may be in memory at a time, and where the file is cut must not
    matter. `hashlib.sha256()` gives an object that takes bytes piece by piece.
    """
    raise NotImplementedError


def resume_header(held: int, etag: str) -> dict[str, str]:
    """Return the headers that ask a server for what is missing of a file.

    We hold its first `held` bytes, from the version that the server called `etag`. Ask for
    the rest, on the condition that the file is still that version. What is the right answer
    if we hold nothing, or if the server gave no name to its version (`etag` is empty)?
    """
    raise NotImplementedError
