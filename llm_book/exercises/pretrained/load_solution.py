"""Solutions to the exercises of pretrained/load."""

from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path

from llm_book.models.causal_lm import CausalLM
from llm_book.pretrained.load import build, choose_names, read_config, replace_parameters
from llm_book.pretrained.weights import lay_out, weight_files


def peak_bytes(shards: Sequence[Sequence[int]]) -> dict[str, int]:
    """Return the largest memory that each way of loading takes."""
    tensors = [size for shard in shards for size in shard]
    total = sum(tensors)
    return {
        "all at once": 2 * total,
        "shard by shard": total + max(sum(shard) for shard in shards),
        "tensor by tensor": max(
            copied + size for copied, size in zip(accumulate(tensors), tensors, strict=True)
        ),
    }


def load_mapped(folder: Path) -> CausalLM:
    """Return a published model whose parameters are the mapped file itself: copy nothing."""
    model, stored = build(read_config(folder)), weight_files(folder)
    new = {}
    layout = lay_out(dict(model.named_parameters()), choose_names(model, stored))
    for name, published in layout.items():
        ((ours, _),) = published.parts
        tensor = stored[name].map()
        new[ours] = tensor.t() if published.transposed else tensor
    replace_parameters(model, new)
    return model.eval()
