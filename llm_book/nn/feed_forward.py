"""The feed-forward network: what every token does on its own, after attention."""

import math
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Approximation = Literal["none", "tanh"]


def check_approximation(approximate: str) -> None:
    """Raise ValueError for a form of GELU that is neither "none" nor "tanh"."""
    if approximate not in ("none", "tanh"):
        raise ValueError(f"approximate={approximate!r}, expected 'none' or 'tanh'")


def gelu(x: Tensor, approximate: Approximation = "none") -> Tensor:
    """Weigh each number by the chance that a normal variable is below it, by hand.

    Large numbers pass, very negative ones become 0, and the change between is smooth.
    GPT-2 was trained with the tanh form, which differs from the exact one by at most
    0.0005. Its weights fit that form.

    Args:
        x: Any numbers.
        approximate: "none" for x Φ(x), "tanh" for the form without an error function.

    Shapes:
        x: any
        returns: as x

    Raises:
        ValueError: `approximate` is neither "none" nor "tanh".

    Reference:
        Hendrycks & Gimpel 2016, https://arxiv.org/abs/1606.08415
    """
    check_approximation(approximate)
    if approximate == "none":
        return 0.5 * x * (1 + torch.erf(x / math.sqrt(2)))
    return 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


class FeedForward(nn.Module):
    """Widen each token, apply GELU, and narrow it again.

    `F.gelu` gives the same numbers as `gelu` above, in one pass over the memory.

    Args:
        dim: Width C of a token.
        hidden_dim: Width F between the two projections; four times C in GPT-2.
        bias: Add a trainable vector after each projection.
        approximate: The form of GELU, as in `gelu`.

    Shapes:
        x: `(..., C)`
        returns: `(..., C)`

    Raises:
        ValueError: `approximate` is neither "none" nor "tanh".
    """

    def __init__(
        self,
        dim: int,
        hidden_dim: int,
        *,
        bias: bool = True,
        approximate: Approximation = "none",
    ) -> None:
        super().__init__()
        check_approximation(approximate)
        self.up_proj = nn.Linear(dim, hidden_dim, bias=bias)
        self.down_proj = nn.Linear(hidden_dim, dim, bias=bias)
        self.approximate = approximate

    def forward(self, x: Tensor) -> Tensor:
        """Widen, bend, and narrow."""
        return self.down_proj(F.gelu(self.up_proj(x), approximate=self.approximate))
