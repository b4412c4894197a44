"""Adam with decoupled weight decay: a step size of its own for every parameter."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn


class AdamW(torch.optim.Optimizer):
    """Step against the mean gradient, divided by its root mean square; shrink apart.

    It computes what `torch.optim.AdamW` computes, and either loads the other's state.

    Args:
        params: Parameters, or groups as dictionaries, each with its own settings.
        lr: Learning rate, about the size of a step.
        betas: How much of the mean and of the mean square is kept at each step.
        eps: Added to the root, against division by zero.
        weight_decay: Share of each parameter, times `lr`, that a step takes away.

    Raises:
        ValueError: A setting is negative, or a beta is not in [0, 1).

    Reference:
        Loshchilov & Hutter 2019, https://arxiv.org/abs/1711.05101
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.95),
        eps: float = 1e-8,
        weight_decay: float = 0.1,
    ) -> None:
        defaults = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
        super().__init__(params, defaults)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Check a group and add it; the constructor calls this for each of its own."""
        settings = {**self.defaults, **param_group}
        for name in ("lr", "eps", "weight_decay"):
            if not settings[name] >= 0:
                raise ValueError(f"{name}={settings[name]}, expected at least 0")
        if not all(0 <= beta < 1 for beta in settings["betas"]):
            raise ValueError(f"betas={settings['betas']}, expected at least 0 and below 1")
        super().add_param_group(param_group)

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update every parameter that has a gradient; return what the closure returns."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    self._update(parameter, parameter.grad, group)
        return loss

    def _update(self, parameter: Tensor, gradient: Tensor, group: dict[str, Any]) -> None:
        """Take one step with a parameter, in place."""
        state = self.state[parameter]
        if not state:
            state["step"] = torch.tensor(0.0)
            state["exp_avg"] = torch.zeros_like(parameter)
            state["exp_avg_sq"] = torch.zeros_like(parameter)
        state["step"] += 1
        step, lr, (beta1, beta2) = state["step"].item(), group["lr"], group["betas"]
        mean = state["exp_avg"].lerp_(gradient, 1 - beta1)
        square = state["exp_avg_sq"].mul_(beta2).addcmul_(gradient, gradient, value=1 - beta2)
        # Both began at 0 and are too small by these factors.
        root = square.sqrt().div_((1 - beta2**step) ** 0.5).add_(group["eps"])
        parameter.mul_(1 - lr * group["weight_decay"])
        parameter.addcdiv_(mean, root, value=-lr / (1 - beta1**step))


def parameter_groups(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Let matrices decay, but neither biases nor the scales of the normalizations.

    A matrix that is used twice comes once; what is frozen does not come.
    """
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    return [
        {"params": [p for p in trained if p.dim() >= 2], "weight_decay": weight_decay},
        {"params": [p for p in trained if p.dim() < 2], "weight_decay": 0.0},
    ]
