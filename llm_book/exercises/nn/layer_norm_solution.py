"""Solutions to the exercises of nn/layer_norm."""

import torch
from torch import Tensor, nn

from llm_book.nn.layer_norm import LayerNorm


def layer_norm_gradient(x: Tensor, upstream: Tensor, eps: float = 1e-5) -> Tensor:
    """Return the gradient of the normalization with respect to x, without autograd.

    The two directions that normalization removes, a shift and a scaling, are taken out of
    the upstream gradient. So the gradients of a token sum to 0: a shift changes nothing.
    """
    centered = x - x.mean(-1, keepdim=True)
    inverse = torch.rsqrt(centered.square().mean(-1, keepdim=True) + eps)
    normal = centered * inverse
    shift = upstream.mean(-1, keepdim=True)
    scaling = (upstream * normal).mean(-1, keepdim=True)
    return inverse * (upstream - shift - normal * scaling)


def fold(norm: LayerNorm, linear: nn.Linear) -> nn.Linear:
    """Return a linear layer that has taken over the weight and the bias of the norm."""
    folded = nn.Linear(linear.in_features, linear.out_features)
    with torch.no_grad():
        folded.weight.copy_(linear.weight * norm.weight)  # scales the columns
        folded.bias.copy_(linear(norm.bias))  # W b + c
    return folded
