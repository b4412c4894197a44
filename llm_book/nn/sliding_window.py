"""Sliding-window attention in blocks: compute no score that the window hides anyway."""

import torch
from torch import Tensor
from torch.nn import functional as F

from llm_book.nn.self_attention import causal_mask


def with_previous(blocks: Tensor, first: float = 0) -> Tensor:
    """Put before each block the one before it, and `first` before the first.

    Shapes:
        blocks: `(B, N, W, ...)` with N blocks of W tokens
        returns: `(B, N, 2 · W, ...)`
    """
    previous = torch.cat((torch.full_like(blocks[:, :1], first), blocks[:, :-1]), 1)
    return torch.cat((previous, blocks), 2)


def check_positions(positions: Tensor) -> None:
    """Raise ValueError if tokens less than a window apart could lie in distant blocks.

    That cannot be if no position grows by less than its place in the row: padding may
    stand before the text or behind it, and positions may be left out, not repeated.
    """
    places = torch.arange(positions.shape[-1], device=positions.device)
    lead = (positions - places).masked_fill(positions < 0, torch.iinfo(places.dtype).min)
    if positions.numel() and (lead.cummax(-1).values > lead)[positions >= 0].any():
        raise ValueError("positions must grow by at least 1 from token to token, padding aside")


def sliding_window_attention(
    queries: Tensor,
    keys: Tensor,
    values: Tensor,
    positions: Tensor,
    window: int,
    *,
    scale: float | None = None,
) -> Tensor:
    """Attend to the last `window` positions, in time and memory that grow with T · W.

    The row is cut into blocks of W tokens. What a token sees lies in its own block and
    the one before. Equal to attention under `causal_mask(positions, positions, window)`,
    of which T · T scores are computed.

    Args:
        queries: Of H heads.
        keys: Of K heads; each serves H / K heads of queries.
        values: Of K heads.
        positions: Grow by at least 1 from token to token; below 0 marks padding, which
            may stand before the text and behind it.
        window: Number W of positions to see, the token's own included.
        scale: Multiplies the scores; D ** -0.5 by default.

    Shapes:
        queries: `(B, T, H, D)`
        keys, values: `(B, T, K, D)`
        positions: `(T,)` or `(B, T)`
        returns: `(B, T, H, D)`

    Raises:
        ValueError: `window` is below 1, or the positions do not grow.

    Reference:
        Beltagy et al. 2020, https://arxiv.org/abs/2004.05150
    """
    if window < 1:
        raise ValueError(f"window={window}, expected at least 1")
    check_positions(positions)
    batch_size, n_tokens = queries.shape[:2]
    size = max(1, min(window, n_tokens))  # a short row is a single block
    missing = -n_tokens % size

    def cut(x: Tensor) -> Tensor:
        return F.pad(x, (0, 0, 0, 0, 0, missing)).unflatten(1, (-1, size))  # (B, N, W, H, D)

    where = F.pad(positions.expand(batch_size, n_tokens), (0, missing), value=-1)
    where = where.unflatten(1, (-1, size))  # (B, N, W)
    mask = causal_mask(where, with_previous(where, -1), window)  # (B, N, W, 2W)
    mixed = F.scaled_dot_product_attention(
        cut(queries).flatten(0, 1).transpose(1, 2),  # (B · N, H, W, D): blocks are rows
        with_previous(cut(keys)).flatten(0, 1).transpose(1, 2),  # (B · N, K, 2W, D)
        with_previous(cut(values)).flatten(0, 1).transpose(1, 2),
        attn_mask=mask.flatten(0, 1).unsqueeze(1),  # the same for all heads
        scale=scale,
        enable_gqa=True,
    )  # (B · N, H, W, D)
    joined = mixed.transpose(1, 2).unflatten(0, (batch_size, -1)).flatten(1, 2)
    return joined[:, :n_tokens]
