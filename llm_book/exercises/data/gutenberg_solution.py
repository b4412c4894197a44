"""Solutions to the exercises of data/gutenberg."""

import re


def unwrap(text: str) -> str:
    """Join the lines of each paragraph by spaces, and leave one empty line between two."""
    paragraphs = re.split(r"\n\s*\n", text.strip("\n"))
    return "\n\n".join(
        paragraph if re.search(r"^ ", paragraph, re.M) else " ".join(paragraph.split())
        for paragraph in paragraphs
    )


def for_validation(identity: bytes, share: float) -> bool:
    """Decide from the fingerprint of a book whether it belongs to the validation set."""
    return int.from_bytes(identity[:8], "big") < share * 2**64
