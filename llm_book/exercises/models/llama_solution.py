"""Solutions of models/llama."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from llm_book.models.llama import LlamaConfig


def read_params(params: Mapping[str, Any], vocab_size: int, context_length: int) -> LlamaConfig:
    """Compute the width as the training program did, and fill in what Llama 1 had."""
    width = int(params.get("ffn_dim_multiplier", 1.0) * int(2 * 4 * params["dim"] / 3))
    stored = params["vocab_size"]
    return LlamaConfig(
        vocab_size=vocab_size if stored == -1 else stored,
        context_length=context_length,
        dim=params["dim"],
        n_layers=params["n_layers"],
        n_heads=params["n_heads"],
        n_kv_heads=params.get("n_kv_heads", params["n_heads"]),
        hidden_dim=-(-width // params["multiple_of"]) * params["multiple_of"],
        rope_theta=params.get("rope_theta", 10_000.0),
        norm_eps=params["norm_eps"],
    )


def to_halves(weight: Tensor, n_heads: int) -> Tensor:
    """Turn (H, D / 2, 2) rows into (H, 2, D / 2)."""
    pairs = weight.unflatten(0, (n_heads, -1, 2))  # (H, D / 2, 2, C)
    return pairs.transpose(1, 2).flatten(0, 2)
