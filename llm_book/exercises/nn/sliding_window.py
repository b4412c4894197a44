"""Exercises of nn/sliding_window."""

from torch import Tensor


def layers_needed(distance: int, window: int) -> int:
    """Return how many layers it takes until a token can depend on one `distance` before it.

    Every layer sees `window` positions, the token's own included, and `window` is at least
    2. At a distance of 0 no layer is needed.
    """
    raise NotImplementedError


def sink_mask(queries: Tensor, keys: Tensor, window: int, n_sinks: int) -> Tensor:
    """Return True where a query may look: into its window, and at the first tokens.

    As `causal_mask(queries, keys, window)`, but a key at one of the positions 0 to
    `n_sinks` - 1 stays visible to all queries that do not stand before it. Padding, which
    has positions below 0, stays hidden.

    Shapes:
        queries: `(T,)` or `(B, T)`
        keys: `(S,)` or `(B, S)`
        returns: `(T, S)` or `(B, T, S)`, bool
    """
    raise NotImplementedError
