"""Solutions to the exercises of data/token_windows."""


def count_windows(n_tokens: int, context_length: int, stride: int) -> int:
    """Return how many windows `TokenWindows` finds, without building it."""
    last_start = n_tokens - context_length - 1  # the window ends with a target
    return 0 if last_start < 0 else last_start // stride + 1


def split_windows(
    tokens: list[int], context_length: int, fraction: float
) -> tuple[list[list[int]], list[list[int]]]:
    """Return the windows for training and those for validation."""
    cut = int(len(tokens) * fraction)  # cut the text, not the list of its windows
    training, validation = (
        [
            part[start : start + context_length + 1]
            for start in range(0, len(part) - context_length, context_length)
        ]
        for part in (tokens[:cut], tokens[cut:])
    )
    return training, validation
