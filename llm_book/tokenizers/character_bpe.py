"""Byte-pair encoding over characters, with bytes for what is unknown, as SentencePiece does it.

A token is a string of characters, and a space is written `▁`. A character that is no token falls
apart into its bytes in UTF-8, which are the tokens `<0x00>` to `<0xFF>`.
"""

from collections.abc import Collection, Iterable, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

import regex

from llm_book.tokenizers.bpe import (
    check_allowed,
    encode_words,
    mend_surrogates,
    merge_by_rank,
    save_json,
    split_special,
)

SPACE = "▁"
BYTE_NAMES = tuple(f"<0x{byte:02X}>" for byte in range(256))
SPLIT_WORD = regex.compile(f"{SPACE}[^{SPACE}]*|[^{SPACE}]+")
SPACES_AND_WORD = regex.compile(f"{SPACE}*[^{SPACE}]+|{SPACE}+")
SPACE_INSIDE = regex.compile(f"[^{SPACE}]{SPACE}")

_REPLACE = {"type": "Replace", "pattern": {"String": " "}, "content": SPACE}
_PREPEND = {"type": "Prepend", "prepend": SPACE}


def _metaspace(scheme: str, split: bool) -> tuple[None, dict[str, Any]]:
    return None, {
        "type": "Metaspace",
        "replacement": SPACE,
        "prepend_scheme": scheme,
        "split": split,
    }


# What a tokenizer.json says of spaces, as normalizer and pre_tokenizer, for each pair of
# space_in_front and split_at_spaces.
SPACES: dict[tuple[str, bool], tuple[Any, Any]] = {
    ("always", False): ({"type": "Sequence", "normalizers": [_PREPEND, _REPLACE]}, None),
    ("missing", False): _metaspace("always", False),
    ("missing", True): _metaspace("always", True),
    ("first", False): _metaspace("first", False),
    ("first", True): _metaspace("first", True),
    ("never", False): (_REPLACE, None),
    ("never", True): _metaspace("never", True),
}


def decoder(space_in_front: str) -> dict[str, Any]:
    """Return what a `tokenizer.json` says of decoding."""
    back = {"type": "Replace", "pattern": {"String": SPACE}, "content": " "}
    strip = {"type": "Strip", "content": " ", "start": 1, "stop": 0}
    decoders = [back, {"type": "ByteFallback"}, {"type": "Fuse"}, strip]
    return {"type": "Sequence", "decoders": decoders[: 3 if space_in_front == "never" else 4]}


class CharacterBPETokenizer:
    """Encode text with merges of characters, and with bytes where a character is unknown.

    Args:
        merges: For each pair of strings that may be merged, its rank. The lowest rank is merged
            first, and of equal ranks the one on the left.
        vocab: The ids of all tokens in which the merges end, and of `<0x00>` to `<0xFF>`.
        special_tokens: Tokens for what is not text, as `"<s>"`, with their ids.
        user_defined: Tokens that are found in every text before anything is merged.
        space_in_front: Where a space is put in front that the text does not have: of every
            stretch of text between special tokens (`"always"`), of those that do not begin with
            one (`"missing"`), of such a stretch at the start of the text (`"first"`), or `"never"`.
        split_at_spaces: Begin a word at every space, so that no two spaces merge. Otherwise the
            whole text is one word.

    Attributes:
        merges, vocab, special_tokens, user_defined: As above.
        vocab_size: One more than the largest id.

    Raises:
        ValueError: if a byte or the result of a merge has no id, or an id stands for two tokens.

    Reference:
        Kudo & Richardson 2018, https://arxiv.org/abs/1808.06226
    """

    def __init__(
        self,
        merges: Mapping[tuple[str, str], int],
        vocab: Mapping[str, int],
        special_tokens: Mapping[str, int],
        user_defined: Mapping[str, int] | None = None,
        *,
        space_in_front: str = "always",
        split_at_spaces: bool = False,
    ) -> None:
        self.merges, self.vocab = dict(merges), dict(vocab)
        self.special_tokens, self.user_defined = dict(special_tokens), dict(user_defined or {})
        self.space_in_front, self.split_at_spaces = space_in_front, split_at_spaces
        self._marks = self.special_tokens | self.user_defined
        ids = self.vocab | self._marks
        self._texts = {i: token.replace(SPACE, " ") for token, i in ids.items()}
        self._check(ids)
        self._bytes = {ids[name]: byte for byte, name in enumerate(BYTE_NAMES)}
        self._byte_ids = list(self._bytes)
        self.vocab_size = max(self._texts) + 1
        self._merges = {pair: (rank, "".join(pair)) for pair, rank in self.merges.items()}
        self._word = self._choose_word()
        self._always = frozenset(self.user_defined)
        self._cache: dict[str, list[int]] = {}

    def _check(self, ids: Mapping[str, int]) -> None:
        if (self.space_in_front, self.split_at_spaces) not in SPACES:
            asked = f"{self.space_in_front!r} and split_at_spaces={self.split_at_spaces}"
            raise ValueError(f"space_in_front={asked} is none of {list(SPACES)}")
        needed = (*BYTE_NAMES, *map("".join, self.merges))
        missing = next((token for token in needed if token not in self.vocab), None)
        if missing is not None:
            raise ValueError(f"{missing!r}, a byte or what a merge makes, is not in the vocabulary")
        moved = [token for token in self._marks if self.vocab.get(token, ids[token]) != ids[token]]
        if moved or len(self._texts) < len(ids) or min(self._texts) < 0 or "" in ids:
            raise ValueError(f"an id is negative or stands for two tokens {moved or ''}".rstrip())

    def _choose_word(self) -> regex.Pattern[str] | None:
        """Return a pattern of pieces that no merge crosses, or None for the text as one word.

        Cutting in front of spaces changes nothing if no token has one behind another character,
        and short pieces can be remembered.
        """
        if self.split_at_spaces:
            return SPLIT_WORD
        crossing = any(SPACE_INSIDE.search(joined) for _, joined in self._merges.values())
        return None if crossing else SPACES_AND_WORD

    def encode(self, text: str, allowed_special: Collection[str] = frozenset()) -> list[int]:
        """Return the ids of the text's tokens.

        Args:
            text: Any string. Half a surrogate pair counts as U+FFFD.
            allowed_special: The special tokens to look for in the text, or `"all"`. Others are
                encoded as the ordinary text they look like.
        """
        ids: list[int] = []
        allowed = check_allowed(allowed_special, self.special_tokens)
        marks = self._always | allowed if allowed else self._always
        for place, part in enumerate(split_special(mend_surrogates(text), marks)):
            if place % 2:
                ids.append(self._marks[part])
            elif part:
                ids += self._encode_ordinary(self._write_spaces(part, is_first=place == 0))
        return ids

    def _write_spaces(self, text: str, is_first: bool) -> str:
        text = text.replace(" ", SPACE)
        where_missing = self.space_in_front == "missing" or (
            self.space_in_front == "first" and is_first
        )
        if self.space_in_front == "always" or (where_missing and not text.startswith(SPACE)):
            return SPACE + text
        return text

    def _encode_ordinary(self, text: str) -> list[int]:
        words = self._word.findall(text) if self._word else [text]
        return encode_words(words, self._encode_word, self._cache)

    def _encode_word(self, word: str) -> list[int]:
        """Merge the characters of a word; those that are no token fall back to their bytes."""
        ids: list[int] = []
        for token in merge_by_rank(word, self._merges):
            known = self.vocab.get(token)
            ids += [self._byte_ids[byte] for byte in token.encode()] if known is None else [known]
        return ids

    def decode_bytes(self, ids: Iterable[int]) -> bytes:
        """Return the bytes of the tokens, with every space, also one that was put in front."""
        known = self._bytes
        return b"".join(bytes([known[i]]) if i in known else self._text_of(i).encode() for i in ids)

    def _text_of(self, i: int) -> str:
        try:
            return self._texts[i]
        except KeyError:
            message = f"id {i} is not among the {self.vocab_size} of the vocabulary"
            raise ValueError(message) from None

    def decode(self, ids: Iterable[int]) -> str:
        """Return the text of the tokens, without one space in front if encoding puts one there.

        If the byte tokens of a run are not UTF-8 as a whole, each becomes U+FFFD.
        """
        parts: list[str] = []
        for is_byte, run in groupby(ids, self._bytes.__contains__):
            if is_byte:
                data = bytes(self._bytes[i] for i in run)
                try:
                    parts.append(data.decode())
                except UnicodeDecodeError:
                    parts.append("\ufffd" * len(data))
            else:
                parts += map(self._text_of, run)
        text = "".join(parts)
        return text if self.space_in_front == "never" else text.removeprefix(" ")

    def to_json(self) -> dict[str, Any]:
        """Return the content of the `tokenizer.json` that Hugging Face's tokenizers reads.

        Raises:
            ValueError: if merges share a rank, as in SentencePiece's own files.
        """
        if len(set(self.merges.values())) < len(self.merges):
            raise ValueError("tokenizer.json has no merges of equal rank; copy the file instead")
        plain = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
        normalizer, pre_tokenizer = SPACES[self.space_in_front, self.split_at_spaces]
        return {
            "version": "1.0",
            "added_tokens": [
                {"id": i, "content": token, "special": token in self.special_tokens, **plain}
                for token, i in sorted(self._marks.items(), key=lambda entry: entry[1])
            ],
            "normalizer": normalizer,
            "pre_tokenizer": pre_tokenizer,
            "decoder": decoder(self.space_in_front),
            "model": {
                "type": "BPE",
                "byte_fallback": True,
                "vocab": self.vocab,
                "merges": sorted(map(list, self.merges), key=lambda pair: self.merges[*pair]),
            },
        }

    def save(self, folder: str | Path) -> None:
        """Write the tokenizer to `tokenizer.json` in a folder, whole or not at all."""
        save_json(self.to_json(), Path(folder) / "tokenizer.json")
