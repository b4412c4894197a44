"""Solutions of models/olmo3."""

from torch import Tensor

from llm_book.models.olmo3 import Olmo3Config


def score_ceiling(q_weight: Tensor, k_weight: Tensor) -> Tensor:
    """Let one head have all of the length, in the feature with the largest weight."""
    heads, width = q_weight.shape
    queries, keys = (weight.abs().amax(-1) for weight in (q_weight, k_weight))
    return heads * width**0.5 * queries * keys


def cache_bytes(config: Olmo3Config, length: int, bytes_per_number: int = 2) -> int:
    """Count the tokens that each layer keeps."""
    head_dim = config.dim // config.n_heads
    tokens = sum(
        length if layer in config.global_layers else min(length, config.window)
        for layer in range(config.n_layers)
    )
    return 2 * config.n_kv_heads * head_dim * tokens * bytes_per_number
