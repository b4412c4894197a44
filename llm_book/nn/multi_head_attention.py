"""Multi-head attention: small attentions side by side, each with its own question."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from llm_book.nn.kv_cache import KVCache
from llm_book.nn.self_attention import causal_mask


class MultiHeadAttention(nn.Module):
    """Causal attention in several heads, whose results are joined and projected.

    One matrix makes the queries, keys, and values of all heads: a product with one
    large matrix is faster than many with small ones. `scaled_dot_product_attention` is
    the function `attend` in a form that never stores the `(T, S)` weights.

    Args:
        dim: Width C of a token.
        n_heads: Number of heads H; each has width D = C / H.
        bias: Add a trainable vector after each projection.
        dropout: Share of the attention weights set to 0 in training.
        window: See only this many positions, the token's own included.

    Shapes:
        x: `(B, T, C)`
        positions: `(T,)` or `(B, T)`; below 0 marks padding
        returns: `(B, T, C)`

    Raises:
        ValueError: `dim` is not a multiple of `n_heads`, or `window` is below 1.

    Reference:
        Vaswani et al. 2017, https://arxiv.org/abs/1706.03762
    """

    def __init__(
        self,
        dim: int,
        n_heads: int,
        *,
        bias: bool = True,
        dropout: float = 0.0,
        window: int | None = None,
    ) -> None:
        super().__init__()
        if n_heads < 1 or dim % n_heads:
            raise ValueError(f"dim={dim} is not a multiple of n_heads={n_heads}")
        if window is not None and window < 1:
            raise ValueError(f"window={window}, expected at least 1")
        self.head_shape = (n_heads, dim // n_heads)
        self.dropout = dropout
        self.window = window
        self.qkv_proj = nn.Linear(dim, 3 * dim, bias=bias)
        self.o_proj = nn.Linear(dim, dim, bias=bias)

    def make_cache(
        self,
        batch_size: int,
        max_length: int,
        *,
        dtype: torch.dtype | None = None,
        device: torch.device | str | None = None,
    ) -> KVCache:
        """Return an empty cache for `max_length` tokens in each of `batch_size` rows."""
        return KVCache(
            batch_size, max_length, self.head_shape, window=self.window, dtype=dtype, device=device
        )

    def forward(self, x: Tensor, positions: Tensor, cache: KVCache | None = None) -> Tensor:
        """Split into heads, attend in each, join, and project."""
        qkv = self.qkv_proj(x).unflatten(-1, (3, *self.head_shape))  # (B, T, 3, H, D)
        queries, keys, values = qkv.unbind(2)  # (B, T, H, D)
        key_positions = positions
        if cache is not None:
            keys, values, key_positions = cache.update(keys, values, positions)  # (B, S, H, D)
        mask = causal_mask(positions, key_positions, self.window)
        mixed = F.scaled_dot_product_attention(
            queries.transpose(1, 2),
            keys.transpose(1, 2),
            values.transpose(1, 2),
            attn_mask=mask if mask.dim() == 2 else mask.unsqueeze(1),  # the same for all heads
            dropout_p=self.dropout if self.training else 0.0,
        )  # (B, H, T, D)
        return self.o_proj(mixed.transpose(1, 2).flatten(-2))
