"""Solutions to the exercises of training/adamw."""

import math
from collections.abc import Iterable
from typing import Any

import torch
from torch import nn


class Momentum(torch.optim.Optimizer):
    """Gradient descent with momentum, equal to `torch.optim.SGD`."""

    def __init__(self, params: Iterable[nn.Parameter], lr: float, momentum: float) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        """Update every parameter that has a gradient."""
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                state = self.state[parameter]
                if "velocity" not in state:
                    state["velocity"] = torch.zeros_like(parameter)
                velocity = state["velocity"].mul_(group["momentum"]).add_(parameter.grad)
                parameter.add_(velocity, alpha=-group["lr"])


def steps_to_recover(ratio: float, beta2: float) -> int:
    """Return after how many steps Adam has forgotten large gradients."""
    if ratio < 2:
        return 0
    # beta2^n · ratio² + (1 − beta2^n) < 4
    return math.floor(math.log(3 / (ratio**2 - 1)) / math.log(beta2)) + 1
