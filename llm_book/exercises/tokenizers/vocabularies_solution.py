"""Solutions to the exercises of tokenizers/vocabularies."""

from collections.abc import Mapping

from llm_book.tokenizers.bpe import BPETokenizer


def byte_characters() -> dict[int, str]:
    """Return the character with which GPT-2's files write each byte, in the order of its ids.

    First come the bytes whose Latin-1 character can be seen: `!` to `~`, `¡` to `¬`, and `®` to
    `ÿ`. They stand for themselves. The others, from byte 0 on, get the characters from U+0100 on.
    """
    shown = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    hidden = [byte for byte in range(256) if byte not in shown]
    characters = {byte: chr(byte) for byte in shown}
    return characters | {byte: chr(0x100 + i) for i, byte in enumerate(hidden)}


def fall_back(text: str, vocab: Mapping[str, int]) -> list[int]:
    """Return the id of each character, or of each of its bytes where the character is no token.

    A byte's token is written `<0x00>` to `<0xFF>`. Nothing is merged.
    """
    ids: list[int] = []
    for character in text:
        if character in vocab:
            ids.append(vocab[character])
        else:
            ids += [vocab[f"<0x{byte:02X}>"] for byte in character.encode()]
    return ids


def whole_characters(tokenizer: BPETokenizer, text: str) -> float:
    """Return the share of a text's distinct characters that are one token by themselves.

    Every other character is spelled in bytes wherever it stands alone. How does GPT-2 fare with
    a Chinese text, and how a tokenizer that was trained on Chinese?
    """
    characters = set(text)
    return sum(character.encode() in tokenizer.vocab for character in characters) / len(characters)
