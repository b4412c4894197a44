"""Exercises of data/token_windows."""


def count_windows(n_tokens: int, context_length: int, stride: int) -> int:
    """Return how many windows `TokenWindows` finds, without building it.

    Start with pencil and paper: where may the last window start? Too few tokens give 0.
    """
    raise NotImplementedError


def split_windows(
    tokens: list[int], context_length: int, fraction: float
) -> tuple[list[list[int]], list[list[int]]]:
    """Return the windows for training and those for validation.

    The first `fraction` of the tokens, rounded down, is for training, the rest for
    validation. Every window is a list of `context_length + 1` tokens and the stride is
    `context_length`. No token may stand in a window of each kind: a model that is examined
    on what it has seen looks better than it is.
    """
    raise NotImplementedError
