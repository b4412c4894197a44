"""Exercises of models/llama."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from llm_book.models.llama import LlamaConfig


def read_params(params: Mapping[str, Any], vocab_size: int, context_length: int) -> LlamaConfig:
    """Return the config that a params.json describes, the file beside Meta's own weights.

    It holds `dim`, `n_layers`, `n_heads`, and `norm_eps`. Where they are not as in Llama 1,
    it also holds `n_kv_heads`, `rope_theta`, and `ffn_dim_multiplier`. The hidden width is
    two thirds of `4 * dim`, cut to a whole number, times `ffn_dim_multiplier`, cut again,
    rounded up to a multiple of `multiple_of`. A `vocab_size` of -1 means the tokenizer's,
    which is given.
    """
    raise NotImplementedError


def to_halves(weight: Tensor, n_heads: int) -> Tensor:
    """Reorder the rows of a `q_proj` or `k_proj` that was trained with neighboring pairs.

    `weight` is `(H * D, C)`. In each head, the first numbers of the pairs (0, 1), (2, 3), …
    come first, then the second ones. With such queries and keys, a rotary embedding by
    halves gives the scores that one by neighbors gives with the old ones.
    """
    raise NotImplementedError
