"""Solutions to the exercises of analysis/cost."""

from llm_book.analysis.cost import attended_tokens, forward_flops, key_value_numbers


def answer_seconds(
    n_prompt: int,
    n_new: int,
    *,
    weights: int,
    n_layers: int,
    n_heads: int,
    n_kv_heads: int,
    head_dim: int,
    bytes_per_number: float,
    peak: float,
    bandwidth: float,
) -> float:
    """Return the least seconds between a prompt and the last token of its answer."""
    numbers = key_value_numbers(n_kv_heads=n_kv_heads, head_dim=head_dim)
    seconds = 0.0
    for step in range(n_new):
        context, n_read = n_prompt + step, 1 if step else n_prompt
        attended = attended_tokens(context, [None] * n_layers)
        per_token = forward_flops(
            weights=weights, n_heads=n_heads, head_dim=head_dim, attended=attended
        )
        n_bytes = bytes_per_number * (weights + numbers * attended)
        seconds += max(n_read * per_token / peak, n_bytes / bandwidth)
    return seconds


def free_rows(*, peak: float, bandwidth: float, bytes_per_number: float) -> int:
    """Return the largest batch that multiplies a matrix in the time that reading it takes."""
    return int(peak * bytes_per_number / (2 * bandwidth))
