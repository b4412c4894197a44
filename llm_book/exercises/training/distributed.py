"""Exercises of training/distributed."""

from torch import Tensor


def bytes_per_process(n_parameters: int, n_processes: int, method: str) -> float:
    """Return the bytes of weights, gradients and AdamW's two moments in each process.

    All are float32. `method` is `"ddp"` or `"fsdp"`. What is gathered for a moment, and what
    the layers keep for the backward pass, does not count.
    """
    raise NotImplementedError


def ring_all_reduce(vectors: list[Tensor]) -> tuple[list[Tensor], int]:
    """Add the vectors of all processes along a ring, and count what each process sends.

    Process r sends to process r + 1, the last one to process 0. Cut each vector into as many
    pieces as there are processes (`tensor_split`). First pass partial sums along, until each
    process has one piece that is complete; then pass the complete pieces along.

    Args:
        vectors: One for each process, `(n,)`; they stay as they are.

    Returns:
        The sum, once for each process, and the largest count of numbers that one has sent.
    """
    raise NotImplementedError
