"""Write a model as others publish theirs: config.json, safetensors, tokenizer.json."""

import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from safetensors.torch import save_file
from torch import Tensor

from llm_book.models.causal_lm import CausalLM
from llm_book.pretrained.family import family_of
from llm_book.pretrained.weights import Published, lay_out
from llm_book.tokenizers.bpe import BPETokenizer
from llm_book.tokenizers.character_bpe import CharacterBPETokenizer
from llm_book.training.checkpoint import flush

Tokenizer = BPETokenizer | CharacterBPETokenizer
# How families call the tokens around a text; the first that a tokenizer knows is meant.
BEGIN_NAMES = ("<|endoftext|>", "<s>", "<bos>", "<|begin_of_text|>")
END_NAMES = ("<|endoftext|>", "</s>", "<eos>", "<|end_of_text|>")


def save_pretrained(
    model: CausalLM,
    folder: str | Path,
    tokenizer: Tokenizer | None = None,
    *,
    max_shard_bytes: int = 5_000_000_000,
) -> Path:
    """Write a folder that `from_pretrained`, ours and that of transformers, reads back.

    The files are written beside it first. So the folder is there whole, or not at all.

    Args:
        model: Of any family that `from_pretrained` knows.
        folder: Must be new, or empty.
        tokenizer: Goes into the same folder.
        max_shard_bytes: Weights of more than this are cut into several files.

    Raises:
        FileExistsError: There is something in the folder.
        ValueError: The tokenizer has more tokens than the model.
    """
    folder = Path(folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FileExistsError(f"{folder} exists and is not empty")
    if tokenizer is not None and tokenizer.vocab_size > model.vocab_size:
        raise ValueError(f"{tokenizer.vocab_size} tokens for a model of {model.vocab_size}")
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        draft.chmod(0o755)  # mkdtemp keeps others out
        write_config(model, draft, tokenizer)
        write_weights(model, draft, max_shard_bytes)
        if tokenizer is not None:
            write_tokenizer(tokenizer, draft)
        for file in (*draft.iterdir(), draft):
            flush(file)
        if folder.exists():
            folder.rmdir()
        draft.replace(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return folder


def find_marks(tokenizer: Tokenizer) -> tuple[str | None, str | None]:
    """Return the special tokens that begin and end a text, each None if there is none."""
    known = tokenizer.special_tokens
    begin, end = (
        next((name for name in names if name in known), None) for names in (BEGIN_NAMES, END_NAMES)
    )
    return begin, end


def write_config(model: CausalLM, folder: Path, tokenizer: Tokenizer | None) -> None:
    """Write config.json."""
    dtypes = {str(parameter.dtype).removeprefix("torch.") for parameter in model.parameters()}
    marks = find_marks(tokenizer) if tokenizer else (None, None)
    begin, end = (tokenizer.special_tokens[name] if tokenizer and name else None for name in marks)
    fields = {"bos_token_id": begin, "eos_token_id": end} | family_of(model).write(model.config)
    if len(dtypes) == 1:
        fields["dtype"] = dtypes.pop()
    write_json(folder / "config.json", fields)


def write_weights(model: CausalLM, folder: Path, max_shard_bytes: int) -> None:
    """Write model.safetensors, or shards of it and their index."""
    parameters = {name: parameter.detach() for name, parameter in model.named_parameters()}
    layout = lay_out(parameters, family_of(model).weight_names[0])
    shards = list(cut_shards(parameters, layout, max_shard_bytes))
    files: dict[str, str] = {}
    for number, names in enumerate(shards, 1):
        file = f"model-{number:05}-of-{len(shards):05}.safetensors"
        file = "model.safetensors" if len(shards) == 1 else file
        tensors = {name: layout[name].write(parameters) for name in names}
        save_file(tensors, folder / file, metadata={"format": "pt"})
        files |= dict.fromkeys(names, file)
    if len(shards) > 1:
        size = sum(parameter.nbytes for parameter in parameters.values())
        index = {"metadata": {"total_size": size}, "weight_map": files}
        write_json(folder / "model.safetensors.index.json", index)


def cut_shards(
    parameters: Mapping[str, Tensor], layout: Mapping[str, Published], max_shard_bytes: int
) -> Iterator[list[str]]:
    """Yield the names for each file: as many as fit, and at least one."""
    names: list[str] = []
    size = 0
    for name, published in layout.items():
        n_bytes = sum(piece.nbytes for piece in published.pieces(parameters))
        if names and size + n_bytes > max_shard_bytes:
            yield names
            names, size = [], 0
        names.append(name)
        size += n_bytes
    yield names


def write_tokenizer(tokenizer: Tokenizer, folder: Path) -> None:
    """Write tokenizer.json, and what transformers wants to know of it."""
    tokenizer.save(folder)
    begin, end = find_marks(tokenizer)
    fields = {"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": begin, "eos_token": end}
    write_json(folder / "tokenizer_config.json", fields)


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write JSON that people read, too."""
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", "utf-8")
