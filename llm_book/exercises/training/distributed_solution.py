"""Solutions to the exercises of training/distributed."""

from torch import Tensor, cat


def bytes_per_process(n_parameters: int, n_processes: int, method: str) -> float:
    """Return the bytes of weights, gradients and AdamW's two moments in each process."""
    held = 4 * (1 + 1 + 2) * n_parameters  # weights, gradients, two moments
    return held if method == "ddp" else held / n_processes


def ring_all_reduce(vectors: list[Tensor]) -> tuple[list[Tensor], int]:
    """Add the vectors of all processes along a ring, and count what each process sends."""
    n = len(vectors)
    pieces = [list(vector.tensor_split(n)) for vector in vectors]
    sent = [0] * n
    for step in range(2 * (n - 1)):
        # Process r sends piece r - step; the one it sends in the second half is complete.
        moving = [(r, (r - step) % n, pieces[r][(r - step) % n]) for r in range(n)]
        for r, piece, values in moving:
            receiver = (r + 1) % n
            adding = step < n - 1
            pieces[receiver][piece] = values + pieces[receiver][piece] if adding else values
            sent[r] += len(values)
    return [cat(held) for held in pieces], max(sent)
