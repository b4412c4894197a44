"""Grouped-query attention: several query heads share one head of keys and values."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from llm_book.nn.kv_cache import KVCache
from llm_book.nn.rotary_embedding import RotaryEmbedding
from llm_book.nn.self_attention import causal_mask


class GroupedQueryAttention(nn.Module):
    """Causal attention in which each group of H / K query heads shares a key-value head.

    With as many key-value heads as query heads it is multi-head attention, with a single
    one multi-query attention.

    Args:
        dim: Width C of a token.
        n_heads: Number of query heads H.
        n_kv_heads: Number of key-value heads K.
        head_dim: Width D of a head; C / H by default.
        rotary: Turns queries and keys by position; None for no positions.
        q_norm: Applied to the queries `(B, T, H, D)` before they turn.
        k_norm: Applied to the keys `(B, T, K, D)` before they turn.
        window: See only this many positions, the token's own included.
        scale: Multiplies the scores; D ** -0.5 by default.
        qkv_bias: Add a trainable vector to queries, keys, and values.
        o_bias: Add one after the last projection.

    Shapes:
        x: `(B, T, C)`
        positions: `(T,)` or `(B, T)`; below 0 marks padding
        returns: `(B, T, C)`

    Raises:
        ValueError: The numbers of heads do not fit, or `window` is below 1.

    Reference:
        Ainslie et al. 2023, https://arxiv.org/abs/2305.13245
    """

    def __init__(
        self,
        dim: int,
        n_heads: int,
        n_kv_heads: int,
        *,
        head_dim: int | None = None,
        rotary: RotaryEmbedding | None = None,
        q_norm: nn.Module | None = None,
        k_norm: nn.Module | None = None,
        window: int | None = None,
        scale: float | None = None,
        qkv_bias: bool = False,
        o_bias: bool = False,
    ) -> None:
        super().__init__()
        if n_kv_heads < 1 or n_heads < 1 or n_heads % n_kv_heads:
            raise ValueError(f"n_heads={n_heads} is not a multiple of n_kv_heads={n_kv_heads}")
        if head_dim is None and dim % n_heads:
            raise ValueError(f"dim={dim} is not a multiple of n_heads={n_heads}: give head_dim")
        if window is not None and window < 1:
            raise ValueError(f"window={window}, expected at least 1")
        head_dim = dim // n_heads if head_dim is None else head_dim
        self.q_shape, self.kv_shape = (n_heads, head_dim), (n_kv_heads, head_dim)
        self.window = window
        self.scale = head_dim**-0.5 if scale is None else scale
        self.rotary = rotary
        self.q_norm = nn.Identity() if q_norm is None else q_norm
        self.k_norm = nn.Identity() if k_norm is None else k_norm
        self.q_proj = nn.Linear(dim, n_heads * head_dim, bias=qkv_bias)
        self.k_proj = nn.Linear(dim, n_kv_heads * head_dim, bias=qkv_bias)
        self.v_proj = nn.Linear(dim, n_kv_heads * head_dim, bias=qkv_bias)
        self.o_proj = nn.Linear(n_heads * head_dim, dim, bias=o_bias)

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
            batch_size, max_length, self.kv_shape, window=self.window, dtype=dtype, device=device
        )

    def forward(self, x: Tensor, positions: Tensor, cache: KVCache | None = None) -> Tensor:
        """Project, normalize, turn, remember, attend, and join."""
        queries = self.q_norm(self.q_proj(x).unflatten(-1, self.q_shape))  # (B, T, H, D)
        keys = self.k_norm(self.k_proj(x).unflatten(-1, self.kv_shape))  # (B, T, K, D)
        values = self.v_proj(x).unflatten(-1, self.kv_shape)  # (B, T, K, D)
        if self.rotary is not None:  # both in one call: its angles are the same
            turned = self.rotary(torch.cat((queries, keys), 2), positions)  # (B, T, H + K, D)
            queries, keys = turned.split((queries.shape[2], keys.shape[2]), 2)
        key_positions = positions
        if cache is not None:
            keys, values, key_positions = cache.update(keys, values, positions)  # (B, S, K, D)
        mask = causal_mask(positions, key_positions, self.window)
        mixed = F.scaled_dot_product_attention(
            queries.transpose(1, 2),
            keys.transpose(1, 2),
            values.transpose(1, 2),
            attn_mask=mask if mask.dim() == 2 else mask.unsqueeze(1),  # the same for all heads
            scale=self.scale,
            enable_gqa=True,
        )  # (B, H, T, D)
        return self.o_proj(mixed.transpose(1, 2).flatten(-2))
