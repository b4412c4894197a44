"""Exercises of nn/mixture_of_experts."""

from torch import Tensor, nn

from llm_book.nn.mixture_of_experts import Routing


def expert_parameters(
    dim: int, hidden_dim: int, n_experts: int, n_active_experts: int, n_shared: int = 0
) -> tuple[int, int]:
    """Return all parameters of a mixture, and those that one token uses.

    Experts are gated networks without biases. The router counts in both; so do the
    `n_shared` networks of the same size that every token uses.
    """
    raise NotImplementedError


def within_capacity(experts: Tensor, n_experts: int, capacity: int) -> Tensor:
    """Return True for the choices that fit if an expert takes at most `capacity` tokens.

    Tokens that come first in the batch are served first. What does not fit is dropped:
    the token goes on without that expert.

    Shapes:
        experts: `(N, A)`, as in a `Routing`
        returns: `(N, A)`, bool
    """
    raise NotImplementedError


class SigmoidRouter(nn.Module):
    """Choose by score plus a bias that no gradient trains; weigh by the score alone.

    A score is the sigmoid of a linear layer. The weights of the chosen are their scores,
    divided by their sum. `probabilities` of the `Routing` are all scores divided by theirs.

    Args:
        dim: Width C of a token.
        n_experts: Number of experts E.
        n_active_experts: Number of experts A that a token uses.

    Attributes:
        weight: `(E, C)`, trained.
        bias: `(E,)`, a buffer that starts at 0.

    Reference:
        Wang et al. 2024, https://arxiv.org/abs/2408.15664
    """

    weight: Tensor
    bias: Tensor

    def __init__(self, dim: int, n_experts: int, n_active_experts: int) -> None:
        super().__init__()
        raise NotImplementedError

    def forward(self, x: Tensor) -> Routing:
        """Score, choose, and weigh."""
        raise NotImplementedError

    def update_bias(self, experts: Tensor, rate: float = 0.001) -> None:
        """Lower the bias of experts used more than the mean by `rate`, raise that of the rest.

        An expert that is used exactly as much as the mean keeps its bias.
        """
        raise NotImplementedError
