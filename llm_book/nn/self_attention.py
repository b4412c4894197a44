"""Self-attention: every token gathers what it needs from the tokens it may see."""

from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Cache(Protocol):
    """What attention asks of a memory: take the new keys, return all that count."""

    def update(
        self, keys: Tensor, values: Tensor, positions: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Store what is new; return all keys, values, and positions."""
        ...


def causal_mask(queries: Tensor, keys: Tensor, window: int | None = None) -> Tensor:
    """Return True where a query may look: at itself and the past, never at padding.

    The mask depends on positions alone. It need not know whether the keys come from
    this call or from a cache, nor where in memory they lie.

    Args:
        queries: Positions of the queries; below 0 marks padding.
        keys: Positions of the keys; below 0 marks padding.
        window: See only this many positions, the query's own included.

    Shapes:
        queries: `(T,)` or `(B, T)`
        keys: `(S,)` or `(B, S)`
        returns: `(T, S)` or `(B, T, S)`, bool
    """
    queries, keys = queries.unsqueeze(-1), keys.unsqueeze(-2)  # (..., T, 1), (..., 1, S)
    visible = (keys >= 0) & (keys <= queries)
    return visible if window is None else visible & (keys > queries - window)


def attention_weights(queries: Tensor, keys: Tensor, mask: Tensor | None = None) -> Tensor:
    """Return the share of its attention that every query gives to every key.

    The shares of a query sum to 1. A query that may see nothing, as padding does, gives
    0 to every key. Minus infinity in place of the lowest number would give it NaN.

    Shapes:
        queries: `(..., T, D)`
        keys: `(..., S, D)`
        mask: `(..., T, S)`, True = visible; None shows everything
        returns: `(..., T, S)`
    """
    scores = queries @ keys.mT * keys.shape[-1] ** -0.5  # (..., T, S)
    if mask is None:
        return scores.softmax(-1)
    scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
    return scores.softmax(-1).masked_fill(~mask, 0.0)


def attend(
    queries: Tensor,
    keys: Tensor,
    values: Tensor,
    mask: Tensor | None = None,
    dropout: float = 0.0,
) -> Tensor:
    """Mix the values of all visible positions, each by its attention weight.

    Shapes:
        queries: `(..., T, D)`
        keys, values: `(..., S, D)`
        mask: `(..., T, S)`, True = visible; None shows everything
        returns: `(..., T, D)`

    Reference:
        Vaswani et al. 2017, https://arxiv.org/abs/1706.03762
    """
    return F.dropout(attention_weights(queries, keys, mask), dropout) @ values


class SelfAttention(nn.Module):
    """Attention with trainable queries, keys, and values; every token sees all.

    Args:
        dim: Width C of a token.
        head_dim: Width D of queries, keys, and values.
        bias: Add a trainable vector to each of the three.

    Shapes:
        x: `(B, T, C)`
        returns: `(B, T, D)`
    """

    def __init__(self, dim: int, head_dim: int, *, bias: bool = False) -> None:
        super().__init__()
        self.q_proj = nn.Linear(dim, head_dim, bias=bias)
        self.k_proj = nn.Linear(dim, head_dim, bias=bias)
        self.v_proj = nn.Linear(dim, head_dim, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        """Ask, match, and mix."""
        return attend(self.q_proj(x), self.k_proj(x), self.v_proj(x))


class CausalSelfAttention(nn.Module):
    """Attention in which a token sees itself and the tokens before it.

    Args:
        dim: Width C of a token.
        head_dim: Width D of queries, keys, and values.
        bias: Add a trainable vector to each of the three.
        dropout: Share of the attention weights set to 0 in training.
        window: See only this many positions, the token's own included.

    Shapes:
        x: `(B, T, C)`
        positions: `(T,)` or `(B, T)`; below 0 marks padding
        returns: `(B, T, D)`

    Raises:
        ValueError: `window` is below 1.
    """

    def __init__(
        self,
        dim: int,
        head_dim: int,
        *,
        bias: bool = False,
        dropout: float = 0.0,
        window: int | None = None,
    ) -> None:
        super().__init__()
        if window is not None and window < 1:
            raise ValueError(f"window={window}, expected at least 1")
        self.q_proj = nn.Linear(dim, head_dim, bias=bias)
        self.k_proj = nn.Linear(dim, head_dim, bias=bias)
        self.v_proj = nn.Linear(dim, head_dim, bias=bias)
        self.dropout = dropout
        self.window = window

    def forward(self, x: Tensor, positions: Tensor, cache: Cache | None = None) -> Tensor:
        """Ask, remember, and mix what is visible."""
        queries, keys, values = self.q_proj(x), self.k_proj(x), self.v_proj(x)  # (B, T, D)
        key_positions = positions
        if cache is not None:
            keys, values, key_positions = cache.update(keys, values, positions)  # (B, S, D)
        mask = causal_mask(positions, key_positions, self.window)
        return attend(queries, keys, values, mask, self.dropout if self.training else 0.0)
