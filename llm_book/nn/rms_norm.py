"""Root mean square normalization: the size of a token is taken out, its mean stays."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def rms_norm(x: Tensor, weight: Tensor, eps: float = 1e-6) -> Tensor:
    """Divide by the root mean square, then rescale, by hand.

    The work is done in float32 at least: in float16 the square of 300 is infinite.

    Args:
        x: What to normalize.
        weight: Multiplies the result; its shape says over which dimensions.
        eps: Is added to the mean square before the root.

    Shapes:
        x: `(..., *weight.shape)`
        returns: as x

    Reference:
        Zhang & Sennrich 2019, https://arxiv.org/abs/1910.07467
    """
    wide = x.to(torch.promote_types(x.dtype, torch.float32))
    last = tuple(range(-weight.dim(), 0))
    mean_square = wide.square().mean(last, keepdim=True)
    return (wide * torch.rsqrt(mean_square + eps) * weight).to(x.dtype)


class RMSNorm(nn.Module):
    """Root mean square normalization with a trainable weight.

    The same numbers as `rms_norm`, from one kernel where the device has one.

    Args:
        shape: Width C of a token, or the shape of the last dimensions, such as
            (H, D) to normalize all heads of a token together.
        eps: Added to the mean square before the root.
        offset: Added to the weight before it multiplies. With 1 the weights are
            stored as distances from 1 and start at 0, as in Gemma.

    Shapes:
        x: `(..., *shape)`
        returns: `(..., *shape)`

    Raises:
        ValueError: A size is below 1.
    """

    def __init__(
        self, shape: int | tuple[int, ...], eps: float = 1e-6, *, offset: float = 0.0
    ) -> None:
        super().__init__()
        shape = (shape,) if isinstance(shape, int) else tuple(shape)
        if not shape or min(shape) < 1:
            raise ValueError(f"shape={shape}, expected sizes of at least 1")
        self.eps = eps
        self.offset = offset
        self.weight = nn.Parameter(torch.full(shape, 1.0 - offset))

    def forward(self, x: Tensor) -> Tensor:
        """Normalize and scale."""
        shape = self.weight.shape
        if not self.offset and x.dtype == self.weight.dtype:
            return F.rms_norm(x, shape, self.weight, self.eps)
        # In bfloat16, 1 + 0.003 is 1. And under autocast, x alone is narrow.
        wide = torch.promote_types(x.dtype, torch.float32)
        scale = self.weight.to(wide) + self.offset
        return F.rms_norm(x.to(wide), shape, scale, self.eps).to(x.dtype)
