"""Exercises of nn/layer_norm."""

from torch import Tensor, nn

from llm_book.nn.layer_norm import LayerNorm


def layer_norm_gradient(x: Tensor, upstream: Tensor, eps: float = 1e-5) -> Tensor:
    """Return the gradient of the normalization with respect to x, without autograd.

    `upstream` is the gradient with respect to the normalized numbers; weight is 1 and bias
    is 0. Derive it with pencil first: x changes the result directly, through the mean, and
    through the variance. What do the gradients of one token sum to, and why?

    Shapes:
        x, upstream: `(..., C)`
        returns: `(..., C)`
    """
    raise NotImplementedError


def fold(norm: LayerNorm, linear: nn.Linear) -> nn.Linear:
    """Return a linear layer that has taken over the weight and the bias of the norm.

    For every x, the new layer applied to the normalized x, before weight and bias, gives
    what `linear(norm(x))` gives. `norm` and `linear` stay as they are.
    """
    raise NotImplementedError
