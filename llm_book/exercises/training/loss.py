"""Exercises of training/loss."""

from torch import Tensor


def chunked_loss(hidden: Tensor, weight: Tensor, targets: Tensor, chunk_size: int) -> Tensor:
    """Return `next_token_loss(hidden @ weight.T, targets)` without ever holding all logits.

    Compute the logits of `chunk_size` tokens at a time, and keep none of them for the
    backward pass: `torch.utils.checkpoint.checkpoint` computes them again there.

    Shapes:
        hidden: `(B, T, C)`
        weight: `(V, C)`, the matrix of the head
        targets: `(B, T)`
        returns: a scalar
    """
    raise NotImplementedError


def z_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """Return the mean of the squared logarithm of the softmax's denominator.

    The mean is over the targets that are not IGNORED, and 0 if there is none.

    Shapes:
        logits: `(B, T, V)`
        targets: `(B, T)`
        returns: a scalar
    """
    raise NotImplementedError
