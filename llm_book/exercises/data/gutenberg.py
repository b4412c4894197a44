"""Exercises of data/gutenberg."""


def unwrap(text: str) -> str:
    """Join the lines of each paragraph by spaces, and leave one empty line between two.

    A paragraph ends at an empty line. Lines that begin with a space are verse: a paragraph
    with such a line stays as it is.
    """
    raise NotImplementedError


def for_validation(identity: bytes, share: float) -> bool:
    """Decide from the fingerprint of a book whether it belongs to the validation set.

    About `share` of all books do. The answer for a book never changes, whatever other books
    come and go, and a book that belongs at a small share belongs at every larger one.
    """
    raise NotImplementedError
