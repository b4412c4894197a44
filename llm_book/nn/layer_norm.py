"""Layer normalization: bring every token to mean 0 and variance 1, then rescale."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def layer_norm(x: Tensor, weight: Tensor, bias: Tensor, eps: float = 1e-5) -> Tensor:
    """Normalize the last dimension, by hand.

    The variance divides by C, not by C - 1. The work is done in float32 at least: in
    bfloat16 a mean over 768 numbers keeps two or three digits.

    Args:
        x: What to normalize.
        weight: Multiplies the normalized numbers.
        bias: Is added to them.
        eps: Is added to the variance before the root.

    Shapes:
        x: `(..., C)`
        weight, bias: `(C,)`
        returns: `(..., C)`

    Reference:
        Ba, Kiros & Hinton 2016, https://arxiv.org/abs/1607.06450
    """
    wide = x.to(torch.promote_types(x.dtype, torch.float32))
    centered = wide - wide.mean(-1, keepdim=True)
    variance = centered.square().mean(-1, keepdim=True)
    return (centered * torch.rsqrt(variance + eps) * weight + bias).to(x.dtype)


class LayerNorm(nn.Module):
    """Layer normalization with a trainable weight and bias.

    The same numbers as `layer_norm`, from one kernel that reads the tokens once.

    Args:
        dim: Width C of a token.
        eps: Added to the variance before the root.

    Shapes:
        x: `(..., C)`
        returns: `(..., C)`
    """

    def __init__(self, dim: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(dim))
        self.bias = nn.Parameter(torch.zeros(dim))

    def forward(self, x: Tensor) -> Tensor:
        """Normalize, scale, and shift."""
        return F.layer_norm(x, self.weight.shape, self.weight, self.bias, self.eps)
