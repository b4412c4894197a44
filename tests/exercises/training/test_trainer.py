import math

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from llm_book.training.trainer import History


@pytest.mark.parametrize("max_norm", [0.1, 5.0, 100.0])
def test_clipping_equals_that_of_pytorch(exercise, max_norm):
    torch.manual_seed(0)
    ours = [torch.randn(3, 4), torch.randn(5), torch.randn(2, 2, 2)]
    parameters = [nn.Parameter(torch.zeros_like(gradient)) for gradient in ours]
    for parameter, gradient in zip(parameters, ours, strict=True):
        parameter.grad = gradient.clone()
    norm = nn.utils.clip_grad_norm_(parameters, max_norm)
    assert exercise.clip_gradients(ours, max_norm) == pytest.approx(norm.item(), rel=1e-5)
    for mine, parameter in zip(ours, parameters, strict=True):
        assert_close(mine, parameter.grad, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_what_is_not_finite_is_left_alone(exercise, value):
    gradients = [torch.tensor([1.0, value]), torch.tensor([2.0])]
    assert not math.isfinite(exercise.clip_gradients(gradients, 1.0))
    assert gradients[1].item() == 2.0


def stops_after(exercise, n, losses):
    """Return the number of evaluations after which the run ends, or None."""
    history, patience = History(), exercise.Patience(n)
    for number, loss in enumerate(losses, 1):
        history.validation.append((len(history.losses), loss))
        for _ in range(3):  # steps between evaluations bring nothing new
            history.losses.append(0.0)
            try:
                patience(history)
            except exercise.EnoughError:
                return number
    return None


def test_patience_ends_a_run_that_gets_no_better(exercise):
    assert stops_after(exercise, 2, [5, 4, 3, 3.5, 3.2, 3.1]) == 5
    assert stops_after(exercise, 3, [5, 4, 3, 3.5, 3.2, 3.1]) == 6
    assert stops_after(exercise, 1, [5, 4, 4]) == 3


def test_patience_waits_while_it_gets_better(exercise):
    assert stops_after(exercise, 1, [5, 4, 3, 2]) is None
    assert stops_after(exercise, 2, [5, 6, 4, 5, 3, 4, 2]) is None


def test_patience_does_not_speak_twice_of_the_same(exercise):
    history = History(losses=[0.0] * 3, validation=[(0, 1.0), (1, 2.0), (2, 2.0)])
    patience = exercise.Patience(2)
    with pytest.raises(exercise.EnoughError):
        patience(history)
    history.losses.append(0.0)
    patience(history)
