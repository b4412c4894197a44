import pytest
import torch
from torch.testing import assert_close
from torch.utils._python_dispatch import TorchDispatchMode

from llm_book.training.loss import IGNORED, next_token_loss


def test_a_fused_step_of_gpt2_moves_three_and_a_half_billion_bytes(exercise):
    seconds = exercise.optimizer_seconds(124_439_808, 1e9, fused=True)
    assert_close(seconds, 3.484314624)


def test_a_step_in_eight_operations_moves_almost_three_times_as_much(exercise):
    fused, unfused = (
        exercise.optimizer_seconds(1000, 50e9, fused=fused) for fused in (True, False)
    )
    assert_close(unfused / fused, 20 / 7)


def inputs():
    torch.manual_seed(0)
    hidden, weight = torch.randn(12, 6), torch.randn(40, 6)
    targets = torch.randint(40, (12,))
    targets[3:5] = IGNORED
    return hidden.requires_grad_(), weight.requires_grad_(), targets


@pytest.mark.parametrize("n_rows", [1, 5, 12])
def test_the_loss_in_chunks_is_the_loss_with_the_same_gradients(exercise, n_rows):
    found = []
    for chunked in (False, True):
        hidden, weight, targets = inputs()
        if chunked:
            loss = exercise.loss_in_chunks(hidden, weight, targets, n_rows)
        else:
            loss = next_token_loss(hidden @ weight.T, targets)
        loss.backward()
        found.append((loss, hidden.grad, weight.grad))
    for theirs, ours in zip(*found, strict=True):
        assert_close(ours, theirs, atol=1e-5, rtol=1e-5)


class Largest(TorchDispatchMode):
    """Note the largest result."""

    size = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        out = function(*args, **(kwargs or {}))
        if isinstance(out, torch.Tensor):
            self.size = max(self.size, out.numel())
        return out


def test_no_result_is_larger_than_a_chunk_of_logits_or_the_weight(exercise):
    hidden, weight, targets = inputs()
    with Largest() as largest:
        exercise.loss_in_chunks(hidden, weight, targets, 3).backward()
    assert largest.size <= max(3 * 40, weight.numel())
