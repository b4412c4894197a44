"""Exercises of nn/rms_norm."""

from torch import Tensor


def rms_norm_in_pieces(pieces: list[Tensor], weights: list[Tensor], eps: float) -> list[Tensor]:
    """Normalize tokens whose C numbers lie in pieces on several devices.

    Piece i holds some of the numbers of every token, and `weights[i]` the weights for
    them. A device sees its own piece only, and a single number a token may be sent from
    each device to the others. Return the normalized pieces.

    Shapes:
        pieces: `(..., C_i)` each, where the C_i sum to C
        weights: `(C_i,)` each
        returns: as pieces
    """
    raise NotImplementedError


def rms_norm_gradient(x: Tensor, upstream: Tensor, eps: float = 1e-6) -> Tensor:
    """Return the gradient of the normalization with respect to x, without autograd.

    `upstream` is the gradient with respect to the normalized numbers; the weight is 1.
    Derive it with pencil first. With `eps` of 0, what is the product of a token and its
    gradient, and why?

    Shapes:
        x, upstream: `(..., C)`
        returns: `(..., C)`
    """
    raise NotImplementedError
