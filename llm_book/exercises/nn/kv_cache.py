"""Exercises of nn/kv_cache."""

from torch import Tensor


def cache_bytes(
    n_layers: int,
    n_kv_heads: int,
    head_dim: int,
    length: int,
    *,
    batch_size: int = 1,
    bytes_per_number: int = 4,
    window: int | None = None,
) -> int:
    """Return the bytes that the keys and values of all layers take.

    With a `window`, every layer keeps at most that many tokens.
    """
    raise NotImplementedError


class GrowingCache:
    """A cache without a largest length, which takes new memory for every chunk.

    `update` takes keys and values `(B, T, *shape)` and positions `(B, T)`, joins them to
    those it holds, and returns all keys, all values, and all positions. A test compares it
    with `KVCache`. Then measure both over 1,000 tokens: what does the joining cost?
    """

    def update(
        self, keys: Tensor, values: Tensor, positions: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Join the new tokens to the old ones and return all of them."""
        raise NotImplementedError
