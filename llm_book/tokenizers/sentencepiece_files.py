"""Read what SentencePiece's tokenizers are published in: `tokenizer.json` and `tokenizer.model`."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from llm_book.tokenizers.bpe import number_special_tokens
from llm_book.tokenizers.character_bpe import (
    BYTE_NAMES,
    SPACES,
    CharacterBPETokenizer,
    decoder,
)

# Settings of a model in tokenizer.json with the values that change nothing. Where every byte is a
# token, none is unknown.
MODEL_SETTINGS: dict[str, tuple[Any, ...]] = {
    "type": ("BPE",),
    "byte_fallback": (True,),
    "ignore_merges": (False,),
    "dropout": (None,),
    "continuing_subword_prefix": (None, ""),
    "end_of_word_suffix": (None, ""),
}
FREE_SETTINGS = {"unk_token", "fuse_unk", "vocab", "merges"}
NORMAL, UNKNOWN, CONTROL, BYTE = 1, 2, 3, 6  # types of pieces in tokenizer.model
TYPE_NAMES = {4: "user-defined", 5: "unused"}
BPE_MODEL = 2


def read_character_bpe(data: Mapping[str, Any]) -> CharacterBPETokenizer:
    """Return the tokenizer of a `tokenizer.json` with `byte_fallback`, as of Llama 2 or Gemma 3.

    Added tokens that are not special are part of the text, and always found.

    Raises:
        ValueError: if the file asks for something that a `CharacterBPETokenizer` does not do.
    """
    model = data["model"]
    for name, value in model.items():
        if name not in FREE_SETTINGS and value not in MODEL_SETTINGS.get(name, ()):
            raise ValueError(f"{name}={value!r}")
    space_in_front, split_at_spaces = _read_spaces(data.get("normalizer"), data["pre_tokenizer"])
    if data["decoder"] != decoder(space_in_front):
        raise ValueError(f"decoder {data['decoder']}")
    pairs = [line.split(" ") if isinstance(line, str) else line for line in model["merges"]]
    merges: dict[tuple[str, str], int] = {}
    characters = model["vocab"].keys() - BYTE_NAMES
    for pair in pairs:
        if len(pair) != 2 or not all(part in characters for part in pair):
            raise ValueError(f"{pair} is not a merge of two tokens of characters")
        merges[pair[0], pair[1]] = len(merges)
    if len(merges) < len(pairs):
        raise ValueError("a merge occurs twice")
    special_tokens, user_defined = _read_added_tokens(data["added_tokens"], space_in_front)
    return CharacterBPETokenizer(
        merges,
        model["vocab"],
        special_tokens,
        user_defined,
        space_in_front=space_in_front,
        split_at_spaces=split_at_spaces,
    )


def _read_spaces(normalizer: Any, pre_tokenizer: Any) -> tuple[str, bool]:
    no_effect = {  # in Gemma's files: no space is left to split at
        "type": "Split",
        "pattern": {"String": " "},
        "behavior": "MergedWithPrevious",
        "invert": False,
    }
    written = (normalizer, pre_tokenizer)
    if normalizer == SPACES["never", False][0] and pre_tokenizer == no_effect:
        written = (normalizer, None)
    if pre_tokenizer == {**SPACES["never", True][1], "split": False}:
        written = SPACES["never", False] if normalizer is None else written
    for habit, expected in SPACES.items():
        if written == expected:
            return habit
    raise ValueError(f"normalizer {normalizer} with pre_tokenizer {pre_tokenizer}")


def _read_added_tokens(
    added_tokens: Sequence[Mapping[str, Any]], space_in_front: str
) -> tuple[dict[str, int], dict[str, int]]:
    """Return the special tokens, and those that are always found.

    In a file that puts a space in front of everything, Hugging Face's tokenizers finds a special
    token with `normalized` only behind a space, which it swallows. Ours is found everywhere.
    """
    special_tokens, user_defined = {}, {}
    for token in added_tokens:
        content = token["content"]
        for name in ("single_word", "lstrip", "rstrip"):
            if token.get(name):
                raise ValueError(f"{name}={token[name]!r} of {content!r}")
        if token["special"]:
            special_tokens[content] = token["id"]
            continue
        if token.get("normalized", True) and (space_in_front == "always" or " " in content):
            raise ValueError(f"normalized=True of {content!r}, which is not special")
        user_defined[content] = token["id"]
    return special_tokens, user_defined


def load_sentencepiece_model(
    path: str | Path, special_tokens: Sequence[str] | Mapping[str, int] = ()
) -> CharacterBPETokenizer:
    """Read a `tokenizer.model` of SentencePiece, as Llama 2 and ChatGLM3 publish it.

    A piece has a score instead of a merge. Whichever two neighbors make the piece with the best
    score are merged next.

    Args:
        path: The file.
        special_tokens: More of them. They get the ids behind all pieces, or in a mapping the ids
            it gives, as `CHAT_FORMATS["chatglm3"].special_tokens`.

    Raises:
        ValueError: if the file asks for something that a `CharacterBPETokenizer` does not do.
        LookupError: if the packages that know the format are not installed.
    """
    try:
        decode_error = import_module("google.protobuf.message").DecodeError
        model_proto = import_module("sentencepiece.sentencepiece_model_pb2").ModelProto
    except ModuleNotFoundError as error:
        raise LookupError(f"{error.name} is missing: pip install sentencepiece protobuf") from None
    try:
        model = model_proto.FromString(Path(path).read_bytes())
        _refuse_settings(model)
        pieces = {piece.piece: i for i, piece in enumerate(model.pieces)}
        control = {
            piece.piece: i
            for i, piece in enumerate(model.pieces)
            if piece.type in (UNKNOWN, CONTROL)
        }
        return CharacterBPETokenizer(
            _rank_pairs({p.piece: p.score for p in model.pieces if p.type == NORMAL}),
            pieces,
            control | number_special_tokens(special_tokens, len(model.pieces)),
            space_in_front="always" if model.normalizer_spec.add_dummy_prefix else "never",
        )
    except (decode_error, ValueError) as error:
        raise ValueError(f"{path} is not a SentencePiece BPE that we can read: {error}") from error


def _refuse_settings(model: Any) -> None:
    trainer, normalizer = model.trainer_spec, model.normalizer_spec
    refused = {
        f"model_type {trainer.model_type} instead of BPE": trainer.model_type != BPE_MODEL,
        f"normalizer {normalizer.name!r}": bool(normalizer.precompiled_charsmap),
        "remove_extra_whitespaces": normalizer.remove_extra_whitespaces,
        "escape_whitespaces=False": not normalizer.escape_whitespaces,
        "treat_whitespace_as_suffix": trainer.treat_whitespace_as_suffix,
    }
    for piece in model.pieces:
        if piece.type in TYPE_NAMES:
            refused[f"the {TYPE_NAMES[piece.type]} piece {piece.piece!r}"] = True
    for what, is_asked in refused.items():
        if is_asked:
            raise ValueError(what)


def _rank_pairs(scores: Mapping[str, float]) -> dict[tuple[str, str], int]:
    """Return each pair that makes a piece, with the place of the piece's score as its rank."""
    places = {score: rank for rank, score in enumerate(sorted(set(scores.values()), reverse=True))}
    return {
        (piece[:cut], piece[cut:]): places[score]
        for piece, score in scores.items()
        for cut in range(1, len(piece))
        if all(len(part) == 1 or part in scores for part in (piece[:cut], piece[cut:]))
    }
