"""Exercises of data/token_files."""

from collections.abc import Iterable, Iterator


def find_window(shard_lengths: list[int], context_length: int, window: int) -> tuple[int, int]:
    """Return the shard and the place in it where a window of the corpus starts.

    Windows are numbered through all shards: first those of shard 0 from its first token to
    the last at which a window of `context_length + 1` tokens fits, then those of shard 1.

    Raises:
        IndexError: There is no such window.
    """
    raise NotImplementedError


def join_documents(documents: Iterable[list[int]], end_of_text: int) -> Iterator[int]:
    """Yield the tokens of all documents, each followed by `end_of_text`.

    The documents are larger than memory together: ask for one when the one before it has
    been passed on, not earlier.
    """
    raise NotImplementedError
