"""Solutions to the exercises of data/token_files."""

from collections.abc import Iterable, Iterator


def find_window(shard_lengths: list[int], context_length: int, window: int) -> tuple[int, int]:
    """Return the shard and the place in it where a window of the corpus starts."""
    place = window
    for shard, length in enumerate(shard_lengths):
        n_windows = max(0, length - context_length)
        if 0 <= place < n_windows:
            return shard, place
        place -= n_windows
    raise IndexError(f"there is no window {window}")


def join_documents(documents: Iterable[list[int]], end_of_text: int) -> Iterator[int]:
    """Yield the tokens of all documents, each followed by `end_of_text`."""
    for document in documents:
        yield from document
        yield end_of_text
