import pytest
import torch
from torch import nn
from torch.testing import assert_close


@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9])
def test_momentum_equals_that_of_torch(exercise, momentum):
    torch.manual_seed(0)
    mine = [nn.Parameter(torch.randn(3, 4)), nn.Parameter(torch.randn(2))]
    theirs = [nn.Parameter(p.detach().clone()) for p in mine]
    pair = (
        exercise.Momentum(mine, lr=0.1, momentum=momentum),
        torch.optim.SGD(theirs, lr=0.1, momentum=momentum),
    )
    for step in range(30):
        for a, b in zip(mine, theirs, strict=True):
            a.grad = None if step == 0 and a.dim() == 1 else torch.randn_like(a)
            b.grad = None if a.grad is None else a.grad.clone()
        for optimizer in pair:
            optimizer.step()
    assert_close(mine, theirs, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("beta2", [0.5, 0.95, 0.999])
@pytest.mark.parametrize("ratio", [3.0, 10.0, 1000.0])
def test_the_steps_to_recover_equal_those_counted(exercise, ratio, beta2):
    square, steps = ratio**2, 0
    while square >= 4:
        square = beta2 * square + (1 - beta2)
        steps += 1
    assert exercise.steps_to_recover(ratio, beta2) == steps


def test_what_was_never_large_needs_no_recovery(exercise):
    assert exercise.steps_to_recover(1.5, 0.95) == 0
