"""Solutions to the exercises of nn/sliding_window."""

from torch import Tensor

from llm_book.nn.self_attention import causal_mask


def layers_needed(distance: int, window: int) -> int:
    """Return how many layers it takes until a token can depend on one `distance` before it."""
    return -(-distance // (window - 1))  # each layer reaches window - 1 further, rounded up


def sink_mask(queries: Tensor, keys: Tensor, window: int, n_sinks: int) -> Tensor:
    """Return True where a query may look: into its window, and at the first tokens."""
    sinks = causal_mask(queries, keys) & (keys < n_sinks).unsqueeze(-2)
    return causal_mask(queries, keys, window) | sinks
