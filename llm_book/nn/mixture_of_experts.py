"""A mixture of experts: many feed-forward networks, of which a token uses a few."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch import Tensor, nn


class Routing(NamedTuple):
    """What a router decides about N tokens.

    Shapes:
        weights: `(N, A)`, by how much each chosen expert counts
        experts: `(N, A)`, which experts are chosen, each once
        probabilities: `(N, E)`, what the router gives to each expert
    """

    weights: Tensor
    experts: Tensor
    probabilities: Tensor


class TopKRouter(nn.Module):
    """Choose the experts to which a linear layer gives the highest probabilities.

    Args:
        dim: Width C of a token.
        n_experts: Number of experts E.
        n_active_experts: Number of experts A that a token uses.
        normalize: Divide the chosen probabilities by their sum (`norm_topk_prob`).

    Shapes:
        x: `(N, C)`
        returns: a `Routing`

    Raises:
        ValueError: `n_active_experts` is not between 1 and `n_experts`.

    Reference:
        Shazeer et al. 2017, https://arxiv.org/abs/1701.06538
    """

    def __init__(
        self, dim: int, n_experts: int, n_active_experts: int, *, normalize: bool = True
    ) -> None:
        super().__init__()
        if not 1 <= n_active_experts <= n_experts:
            raise ValueError(
                f"n_active_experts={n_active_experts}, expected 1 to n_experts={n_experts}"
            )
        self.weight = nn.Parameter(torch.empty(n_experts, dim))
        nn.init.normal_(self.weight, std=dim**-0.5)
        self.n_active_experts = n_active_experts
        self.normalize = normalize

    def forward(self, x: Tensor) -> Routing:
        """Score all experts, in float32 at least, and keep the best."""
        logits = nn.functional.linear(x, self.weight)
        wide = torch.promote_types(x.dtype, torch.float32)
        probabilities = logits.softmax(-1, dtype=wide)  # (N, E)
        weights, experts = probabilities.topk(self.n_active_experts)  # (N, A)
        if self.normalize:
            weights = weights / weights.sum(-1, keepdim=True)
        return Routing(weights, experts, probabilities)


class MixtureOfExperts(nn.Module):
    """Send each token to the experts that the router chooses, and add what they return.

    An expert gets all of its tokens in one batch, and one without tokens does not run.

    Args:
        router: Tokens `(N, C)` to a `Routing`.
        experts: The networks, `(N, C)` to `(N, C)`.
        shared: A network that every token uses besides, with weight 1.

    Shapes:
        x: `(..., C)`
        returns: `(..., C)`

    Raises:
        ValueError: There are no experts.
    """

    def __init__(
        self, router: nn.Module, experts: Iterable[nn.Module], shared: nn.Module | None = None
    ) -> None:
        super().__init__()
        self.router = router
        self.experts = nn.ModuleList(experts)
        self.shared = shared
        if not len(self.experts):
            raise ValueError("a mixture needs at least one expert")

    def forward(self, x: Tensor) -> Tensor:
        """Sort the choices by expert, run each on its share, and put the results back."""
        tokens = x.reshape(-1, x.shape[-1])  # (N, C)
        weights, experts, _ = self.router(tokens)
        experts, order = experts.flatten().sort(stable=True)  # (N · A,)
        rows = order // weights.shape[-1]  # of the tokens
        chosen, counts = (part.tolist() for part in experts.unique_consecutive(return_counts=True))
        parts = tokens[rows].split(counts)
        results = [self.experts[i](part) for i, part in zip(chosen, parts, strict=True)]
        mixed = torch.zeros_like(tokens)
        if results:
            scale = weights.flatten()[order].unsqueeze(-1).to(x.dtype)
            mixed = mixed.index_add(0, rows, torch.cat(results) * scale)
        if self.shared is not None:
            mixed = mixed + self.shared(tokens)
        return mixed.view(x.shape)


def load_balancing_loss(
    probabilities: Tensor, experts: Tensor, counted: Tensor | None = None
) -> Tensor:
    """Return a loss that is smallest when all experts are used equally.

    E times the sum, over the experts, of the share of tokens that use it times its mean
    probability. The shares have no gradient; through the probabilities, experts used
    much lose. With equal use it is A. Layers may be stacked in front.

    Args:
        probabilities: From the `Routing`.
        experts: From the `Routing`.
        counted: True for tokens that count; padding does not. All by default.

    Shapes:
        probabilities: `(..., N, E)`
        experts: `(..., N, A)`
        counted: broadcast to `(..., N)`, bool
        returns: `()`

    Reference:
        Fedus et al. 2021, https://arxiv.org/abs/2101.03961
    """
    n_experts = probabilities.shape[-1]
    used = torch.zeros_like(probabilities).scatter(-1, experts, 1.0)  # (..., N, E)
    if counted is not None:
        counted = counted.expand(probabilities.shape[:-1])
        used, probabilities = used[counted], probabilities[counted]
    n_tokens = max(used[..., 0].numel(), 1)  # if none counts, the loss is 0
    mean_used = used.flatten(0, -2).sum(0) / n_tokens
    mean_probability = probabilities.flatten(0, -2).sum(0) / n_tokens
    return n_experts * (mean_used * mean_probability).sum()


@contextmanager
def recorded_routing(model: nn.Module) -> Iterator[list[Routing]]:
    """Collect what the routers in `model.modules()` decide inside a `with` block.

    A layer returns its tokens and nothing else; this is how training gets at the
    probabilities for `load_balancing_loss`, one `Routing` for each call of a router.
    """
    record: list[Routing] = []
    hooks = [
        module.router.register_forward_hook(
            lambda _module, _inputs, routing: record.append(routing)
        )
        for module in model.modules()
        if isinstance(module, MixtureOfExperts)
    ]
    try:
        yield record
    finally:
        for hook in hooks:
            hook.remove()
