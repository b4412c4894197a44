"""The gated feed-forward network: one projection decides how much of another passes."""

from collections.abc import Callable
from functools import partial

from torch import Tensor, nn
from torch.nn import functional as F

Activation = Callable[[Tensor], Tensor]
gelu_tanh: Activation = partial(F.gelu, approximate="tanh")


class GatedFeedForward(nn.Module):
    """Widen each token twice, multiply the one by the bent other, and narrow it again.

    Args:
        dim: Width C of a token.
        hidden_dim: Width F between the projections.
        activation: Bends the gate: `F.silu` makes it SwiGLU, `F.gelu` or `gelu_tanh` GeGLU, and
            `torch.sigmoid` the first of them, GLU.
        bias: Add a trainable vector after each projection.

    Shapes:
        x: `(..., C)`
        returns: `(..., C)`

    Raises:
        ValueError: A width is below 1.

    Reference:
        Shazeer 2020, https://arxiv.org/abs/2002.05202
    """

    def __init__(
        self,
        dim: int,
        hidden_dim: int,
        *,
        activation: Activation = F.silu,
        bias: bool = False,
    ) -> None:
        super().__init__()
        if dim < 1 or hidden_dim < 1:
            raise ValueError(f"dim={dim} and hidden_dim={hidden_dim}, expected at least 1")
        self.gate_proj = nn.Linear(dim, hidden_dim, bias=bias)
        self.up_proj = nn.Linear(dim, hidden_dim, bias=bias)
        self.down_proj = nn.Linear(hidden_dim, dim, bias=bias)
        self.activation = activation

    def forward(self, x: Tensor) -> Tensor:
        """Open the gates as far as the token asks for, and let the rest through."""
        gates = self.activation(self.gate_proj(x))  # (..., F)
        return self.down_proj(gates * self.up_proj(x))
