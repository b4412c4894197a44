"""Solutions to the exercises of nn/mixture_of_experts."""

import torch
from torch import Tensor, nn

from llm_book.nn.mixture_of_experts import Routing


def expert_parameters(
    dim: int, hidden_dim: int, n_experts: int, n_active_experts: int, n_shared: int = 0
) -> tuple[int, int]:
    """Return all parameters of a mixture, and those that one token uses."""
    expert, router = 3 * dim * hidden_dim, n_experts * dim
    return (
        router + (n_experts + n_shared) * expert,
        router + (n_active_experts + n_shared) * expert,
    )


def within_capacity(experts: Tensor, n_experts: int, capacity: int) -> Tensor:
    """Return True for the choices that fit if an expert takes at most `capacity` tokens."""
    wanted = nn.functional.one_hot(experts.flatten(), n_experts)  # (N · A, E)
    place = (wanted.cumsum(0) * wanted).sum(-1)  # 1 for the first that chose this expert
    return (place <= capacity).view(experts.shape)


class SigmoidRouter(nn.Module):
    """Choose by score plus a bias that no gradient trains; weigh by the score alone."""

    bias: Tensor

    def __init__(self, dim: int, n_experts: int, n_active_experts: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(n_experts, dim))
        nn.init.normal_(self.weight, std=dim**-0.5)
        self.register_buffer("bias", torch.zeros(n_experts))
        self.n_active_experts = n_active_experts

    def forward(self, x: Tensor) -> Routing:
        """Score, choose, and weigh."""
        scores = nn.functional.linear(x, self.weight).sigmoid()  # (N, E)
        experts = (scores + self.bias).topk(self.n_active_experts).indices  # (N, A)
        weights = scores.gather(-1, experts)
        return Routing(
            weights / weights.sum(-1, keepdim=True),
            experts,
            scores / scores.sum(-1, keepdim=True),
        )

    def update_bias(self, experts: Tensor, rate: float = 0.001) -> None:
        """Lower the bias of experts used more than the mean by `rate`, raise that of the rest."""
        counts = experts.flatten().bincount(minlength=len(self.bias)).float()
        self.bias += rate * (counts.mean() - counts).sign()
