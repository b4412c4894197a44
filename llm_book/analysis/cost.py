"""What a model costs: its numbers, its operations, its bytes, and what a machine allows.

The functions know no model: sizes go in, products come out. A multiplication and an addition
are two operations (FLOPs): the product of an (m, k) and a (k, n) matrix has 2 m k n.
"""

from collections.abc import Sequence

BITS = {"float32": 32, "bfloat16": 16, "float16": 16, "int8": 8, "int4": 4}


def attention_weights(*, dim: int, n_heads: int, n_kv_heads: int, head_dim: int) -> int:
    """Count the weights of a layer's query, key, value, and output matrices."""
    _check(dim=dim, n_heads=n_heads, n_kv_heads=n_kv_heads, head_dim=head_dim)
    return 2 * dim * head_dim * (n_heads + n_kv_heads)


def feed_forward_weights(*, dim: int, hidden_dim: int, gated: bool = False) -> int:
    """Count the weights of a layer's two matrices; with a gate there are three."""
    _check(dim=dim, hidden_dim=hidden_dim)
    return (3 if gated else 2) * dim * hidden_dim


def matrix_weights(
    *,
    vocab_size: int,
    dim: int,
    n_layers: int,
    n_heads: int,
    n_kv_heads: int,
    head_dim: int,
    hidden_dim: int,
    gated: bool = False,
) -> int:
    """Count the weights a token is multiplied by: all layers, and the head."""
    _check(vocab_size=vocab_size, n_layers=n_layers)
    attention = attention_weights(
        dim=dim, n_heads=n_heads, n_kv_heads=n_kv_heads, head_dim=head_dim
    )
    feed_forward = feed_forward_weights(dim=dim, hidden_dim=hidden_dim, gated=gated)
    return n_layers * (attention + feed_forward) + vocab_size * dim


def parameters(
    *,
    weights: int,
    vocab_size: int,
    dim: int,
    tied: bool = True,
    n_positions: int = 0,
    vectors: int = 0,
) -> int:
    """Count all trained numbers of a model.

    Args:
        weights: Those of the matrices, from `matrix_weights`.
        vocab_size: Rows of the embedding.
        dim: Width of a row.
        tied: The head is the embedding; otherwise the embedding counts extra.
        n_positions: Rows of a trained table of positions; 0 if computed.
        vectors: Numbers in norms and biases.
    """
    return weights + (0 if tied else vocab_size * dim) + n_positions * dim + vectors


def n_bytes(n_numbers: int, dtype: str) -> int:
    """Return the bytes that so many numbers take; int4 packs two into one byte.

    Raises:
        LookupError: The dtype is not one of `BITS`.
    """
    if dtype not in BITS:
        raise LookupError(f"dtype={dtype!r}, expected one of {', '.join(BITS)}")
    return -(-n_numbers * BITS[dtype] // 8)


def attended_tokens(context: int, windows: Sequence[int | None]) -> int:
    """Add up over the layers how many of `context` tokens the last one sees.

    As many must a cache hold. `windows` has an entry for each layer: how many tokens it
    sees, or None for all.
    """
    _check(context=context)
    for window in windows:
        _check(window=context if window is None else window)
    return sum(context if window is None else min(context, window) for window in windows)


def forward_flops(*, weights: int, n_heads: int, head_dim: int, attended: int) -> int:
    """Count the operations of one token on its way through the model.

    Args:
        weights: Those of the matrices, each used once; from `matrix_weights`.
        n_heads: Query heads H.
        head_dim: Width D of a head.
        attended: From `attended_tokens`. With each a head makes a score and adds part of a
            value: twice D multiplications and D additions.
    """
    return 2 * weights + 4 * n_heads * head_dim * attended


def training_flops(forward: int) -> int:
    """Count the operations of one token in training: one way forward, two back.

    For y = x W, the way back needs the gradients of x and of W, each a product as large
    as the first.
    """
    return 3 * forward


def key_value_numbers(*, n_kv_heads: int, head_dim: int) -> int:
    """Count what a layer keeps of a token: key and value of each key-value head."""
    _check(n_kv_heads=n_kv_heads, head_dim=head_dim)
    return 2 * n_kv_heads * head_dim


def latent_numbers(*, rank: int, rope_dim: int) -> int:
    """Count what a layer with latent attention keeps of a token for all heads.

    Reference:
        DeepSeek-AI 2024, https://arxiv.org/abs/2405.04434
    """
    _check(rank=rank, rope_dim=rope_dim)
    return rank + rope_dim


def cache_bytes(*, numbers: int, attended: int, dtype: str) -> int:
    """Return the bytes of the cache of one row, all layers together.

    Args:
        numbers: What a layer keeps of a token; from a function above.
        attended: From `attended_tokens`.
        dtype: One of `BITS`.
    """
    return n_bytes(numbers * attended, dtype)


def arithmetic_intensity(flops: float, n_bytes: float) -> float:
    """Return how many operations are done with each byte that is read."""
    _check(n_bytes=n_bytes)
    return flops / n_bytes


def attainable_rate(intensity: float, *, peak: float, bandwidth: float) -> float:
    """Return the operations per second that a machine allows: the roofline.

    Args:
        intensity: Operations per byte of the work.
        peak: Operations per second with all data at hand.
        bandwidth: Bytes per second from memory.

    Reference:
        Williams, Waterman & Patterson 2009, https://doi.org/10.1145/1498765.1498785
    """
    _check(peak=peak, bandwidth=bandwidth)
    return min(peak, intensity * bandwidth)


def decoding_limit(
    *,
    bandwidth: float,
    weight_bytes: float,
    cache_bytes: float = 0,
    batch_size: int = 1,
) -> float:
    """Return the tokens per second of all rows that no decoder can exceed.

    A step reads the weights once for all rows, and the cache of each row.
    """
    _check(bandwidth=bandwidth, weight_bytes=weight_bytes, batch_size=batch_size)
    return batch_size * bandwidth / (weight_bytes + batch_size * cache_bytes)


def flops_utilization(
    *,
    tokens_per_second: float,
    flops_per_token: float,
    peak: float,
) -> float:
    """Return the MFU: the model's operations per second as a share of the peak.

    Args:
        tokens_per_second: As measured.
        flops_per_token: What the model needs; work done twice counts once.
        peak: Operations per second of all devices, in the products' dtype.

    Reference:
        Chowdhery et al. 2022, https://arxiv.org/abs/2204.02311, appendix B
    """
    _check(peak=peak)
    return tokens_per_second * flops_per_token / peak


def _check(**sizes: float) -> None:
    """Raise ValueError unless all sizes are above 0."""
    for name, size in sizes.items():
        if size <= 0:
            raise ValueError(f"{name}={size}, expected more than 0")
