"""Exercises of tokenizers/vocabularies."""

from collections.abc import Mapping

from llm_book.tokenizers.bpe import BPETokenizer


def byte_characters() -> dict[int, str]:
    """Return the character with which GPT-2's files write each byte, in the order of its ids.

    First come the bytes whose Latin-1 character can be seen: `!` to `~`, `¡` to `¬`, and `®` to
    `ÿ`. They stand for themselves. The others, from byte 0 on, get the characters from U+0100 on.
    """
    raise NotImplementedError


def fall_back(text: str, vocab: Mapping[str, int]) -> list[int]:
    """Return the id of each character, or of each of its bytes where the character is no token.

    A byte's token is written `<0x00>` to `<0xFF>`. Nothing is merged.
    """
    raise NotImplementedError


def whole_characters(tokenizer: BPETokenizer, text: str) -> float:
    """Return the share of a text's distinct characters that are one token by themselves.

    Every other character is spelled in bytes wherever it stands alone. How does GPT-2 fare with
    a Chinese text, and how a tokenizer that was trained on Chinese?
    """
    raise NotImplementedError
