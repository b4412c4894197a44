"""Exercises of training/speed."""

from torch import Tensor


def optimizer_seconds(n_weights: int, bandwidth: float, *, fused: bool) -> float:
    """Return the seconds that AdamW needs at least, if nothing but memory costs time.

    All numbers are float32. Fused, a step reads weight, gradient, mean, and mean square once,
    and writes the three that change. Unfused, count what each line of `AdamW._update` reads
    and writes: lerp, mul, addcmul, sqrt, div, add, mul, addcdiv.

    Args:
        n_weights: Number of weights.
        bandwidth: Bytes per second.
        fused: In one pass over the memory.
    """
    raise NotImplementedError


def loss_in_chunks(hidden: Tensor, weight: Tensor, targets: Tensor, n_rows: int) -> Tensor:
    """Return the mean cross-entropy, and never hold the logits of more than `n_rows` tokens.

    Not in the backward pass either: `torch.utils.checkpoint` forgets a chunk's logits and
    computes them again. The mean is over the targets that are not IGNORED.

    Shapes:
        hidden: `(N, C)`
        weight: `(V, C)`
        targets: `(N,)`
        returns: a scalar
    """
    raise NotImplementedError
