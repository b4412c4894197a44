"""Exercises of training/adamw."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import nn


class Momentum(torch.optim.Optimizer):
    """Gradient descent with momentum, equal to `torch.optim.SGD`.

    A velocity starts at the first gradient. After that each step keeps the
    share `momentum` of it and adds the new gradient. The parameter moves by
    `-lr` times the velocity.
    """

    def __init__(self, params: Iterable[nn.Parameter], lr: float, momentum: float) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum})

    def step(self, closure: Any = None) -> Any:
        """Update every parameter that has a gradient."""
        raise NotImplementedError


def steps_to_recover(ratio: float, beta2: float) -> int:
    """Return after how many steps Adam has forgotten large gradients.

    For a long time all gradients were `ratio`, and then they are 1. The answer
    is the first number of steps after which the root mean square is below 2.
    Bias correction no longer plays a part.
    """
    raise NotImplementedError
