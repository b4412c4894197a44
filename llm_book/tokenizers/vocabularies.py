"""Published vocabularies: GPT-2's two files, tokenizer.json, and more tokens for tiktoken."""

import json
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llm_book.tokenizers.bpe import (
    BYTE_TOKENS,
    GPT2_PATTERN,
    BPETokenizer,
    Merge,
    number_special_tokens,
    text_to_token,
)
from llm_book.tokenizers.character_bpe import CharacterBPETokenizer
from llm_book.tokenizers.sentencepiece_files import read_character_bpe

if TYPE_CHECKING:
    import tiktoken


class PublishedTokenizer(BPETokenizer):
    """A BPETokenizer with two habits that a `tokenizer.json` may ask for.

    Args:
        merges, special_tokens, pattern, vocab: As for `BPETokenizer`.
        compose: Bring ordinary text to Unicode's normal form C first, as Qwen does. What is
            decoded is then the composed text.
        ignore_merges: Take a word that is a token as it stands, as Llama 3 does, even where the
            merges would end elsewhere.
    """

    def __init__(
        self,
        merges: Iterable[Merge],
        special_tokens: Sequence[str] | Mapping[str, int] = (),
        pattern: str = GPT2_PATTERN,
        *,
        vocab: Mapping[bytes, int] | None = None,
        compose: bool = False,
        ignore_merges: bool = False,
    ) -> None:
        super().__init__(merges, special_tokens, pattern, vocab=vocab)
        self.compose = compose
        self.ignore_merges = ignore_merges

    def _encode_ordinary(self, text: str) -> list[int]:
        composed = unicodedata.normalize("NFC", text) if self.compose else text
        return super()._encode_ordinary(composed)

    def _encode_word(self, word: bytes) -> list[int]:
        if self.ignore_merges and word in self.vocab:
            return [self.vocab[word]]
        return super()._encode_word(word)

    def to_json(self) -> dict[str, Any]:
        """Return the content of a `tokenizer.json` with these habits."""
        data = super().to_json()
        data["normalizer"] = {"type": "NFC"} if self.compose else None
        data["model"]["ignore_merges"] = self.ignore_merges
        return data


def read_merge(line: str | list[str]) -> Merge:
    """Read a merge, written as `"Ġ t"` or as `["Ġ", "t"]`."""
    parts = line.split(" ") if isinstance(line, str) else line
    if len(parts) != 2:
        raise ValueError(f"{line!r} is not a merge of two tokens")
    return text_to_token(parts[0]), text_to_token(parts[1])


def load_gpt2_vocabulary(vocab_bpe: str | Path, encoder_json: str | Path) -> BPETokenizer:
    """Read GPT-2's files: its merges in the order learned, and the id of every token.

    A token that no merge makes, as `<|endoftext|>`, is special.

    Raises:
        ValueError: if a line is not a merge, or a token of a merge has no id.
    """
    heading, *lines = Path(vocab_bpe).read_text("utf-8").rstrip("\n").split("\n")
    if not heading.startswith("#version"):
        raise ValueError(f"{vocab_bpe} begins with {heading[:40]!r} instead of '#version'")
    try:
        merges = [read_merge(line) for line in lines]
        ids = json.loads(Path(encoder_json).read_text("utf-8"))
        tokens = {text_to_token(text): i for text, i in ids.items()}
        made = {*BYTE_TOKENS, *(left + right for left, right in merges)}
        vocab = {token: i for token, i in tokens.items() if token in made}
        special_tokens = {token.decode(): i for token, i in tokens.items() if token not in made}
        return BPETokenizer(merges, special_tokens, GPT2_PATTERN, vocab=vocab)
    except ValueError as error:
        raise ValueError(f"{vocab_bpe} with {encoder_json}: {error}") from error


def load_tokenizer_json(path: str | Path) -> BPETokenizer | CharacterBPETokenizer:
    """Read a `tokenizer.json`: of bytes, as Llama 3 and Qwen publish it, or of characters.

    Characters with `byte_fallback`, as in Llama 2 and Gemma 3, are for `read_character_bpe`. In
    files of bytes every added token counts as special, so `allowed_special="all"` encodes like
    Hugging Face's tokenizers. What a file would add around a text, as `<|begin_of_text|>`, is
    not added.

    Raises:
        ValueError: if the file asks for something that our tokenizers do not do.
    """
    path = Path(path)
    kind = "byte-level BPE"
    try:
        data = json.loads(path.read_text("utf-8"))
        model, normalizer = data["model"], data.get("normalizer")
        if model.get("byte_fallback"):
            kind = "BPE with byte fallback"
            return read_character_bpe(data)
        _refuse_unknown(model, normalizer, data["added_tokens"])
        special_tokens = {token["content"]: token["id"] for token in data["added_tokens"]}
        ordinary = {text: i for text, i in model["vocab"].items() if text not in special_tokens}
        return PublishedTokenizer(
            [read_merge(line) for line in model["merges"]],
            special_tokens,
            _read_pattern(data["pre_tokenizer"]),
            vocab={text_to_token(text): i for text, i in ordinary.items()},
            compose=normalizer is not None,
            ignore_merges=model.get("ignore_merges", False),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is not a {kind} that we can read: {error}") from error


def _refuse_unknown(
    model: dict[str, Any], normalizer: dict[str, Any] | None, added_tokens: list[dict[str, Any]]
) -> None:
    if model.get("type", "BPE") != "BPE":
        raise ValueError(f"the model is of type {model['type']!r}")
    if normalizer not in (None, {"type": "NFC"}):
        raise ValueError(f"normalizer {normalizer} is not NFC")
    affixes = ("dropout", "continuing_subword_prefix", "end_of_word_suffix")
    for part, names in [
        (model, affixes),
        *((token, ("single_word", "lstrip", "rstrip")) for token in added_tokens),
    ]:
        for name in names:
            if part.get(name):
                raise ValueError(f"{name}={part[name]!r}")


def _read_pattern(pre_tokenizer: dict[str, Any]) -> str:
    *splits, bytes_last = pre_tokenizer.get("pretokenizers", [pre_tokenizer])
    if bytes_last["type"] == "ByteLevel" and not bytes_last.get("add_prefix_space"):
        match splits, bytes_last.get("use_regex", True):
            case [], True:
                return GPT2_PATTERN
            case [{"type": "Split", "pattern": {"Regex": str(pattern)}, **how}], False:
                if (how["behavior"], how["invert"]) in (("Isolated", False), ("Removed", True)):
                    return pattern
    raise ValueError(f"pre_tokenizer {pre_tokenizer}")


def extend_tiktoken(
    encoding: "tiktoken.Encoding", new_tokens: Sequence[str]
) -> "tiktoken.Encoding":
    """Return the encoding with more special tokens, numbered from its `n_vocab` on.

    Raises:
        ValueError: if a new token is empty, occurs twice, or is a special token already.
    """
    import tiktoken

    added = number_special_tokens(new_tokens, encoding.n_vocab)
    known = sorted(added.keys() & encoding.special_tokens_set)
    if known:
        raise ValueError(f"{known} are special tokens of {encoding.name} already")
    return tiktoken.Encoding(
        f"{encoding.name}_extended",
        pat_str=encoding._pat_str,
        mergeable_ranks=encoding._mergeable_ranks,
        special_tokens={**encoding._special_tokens, **added},
    )
