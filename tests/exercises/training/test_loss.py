import math

import pytest
import torch
from torch.testing import assert_close

from llm_book.training.loss import IGNORED, next_token_loss

B, T, C, V = 2, 7, 5, 40


@pytest.fixture
def parts():
    torch.manual_seed(0)
    targets = torch.randint(V, (B, T))
    targets[0, 3:] = IGNORED
    return torch.randn(B, T, C, requires_grad=True), torch.randn(V, C, requires_grad=True), targets


@pytest.mark.parametrize("chunk_size", [1, 3, 14, 100])
def test_a_loss_in_chunks_has_the_same_value_and_gradients(exercise, parts, chunk_size):
    hidden, weight, targets = parts
    whole = next_token_loss(hidden @ weight.T, targets)
    chunked = exercise.chunked_loss(hidden, weight, targets, chunk_size)
    assert_close(chunked, whole, rtol=1e-5, atol=0)
    expected = torch.autograd.grad(whole, (hidden, weight))
    found = torch.autograd.grad(chunked, (hidden, weight))
    assert_close(found, expected, rtol=1e-4, atol=1e-6)


def test_no_logits_are_kept_for_the_backward_pass(exercise, parts):
    sizes = []
    with torch.autograd.graph.saved_tensors_hooks(
        lambda x: sizes.append(tuple(x.shape)) or x, lambda x: x
    ):
        exercise.chunked_loss(*parts, 2)
    assert sizes
    assert not any(shape[-1:] == (V,) for shape in sizes)


def test_a_chunked_loss_without_a_target_is_0(exercise, parts):
    hidden, weight, targets = parts
    loss = exercise.chunked_loss(hidden, weight, torch.full_like(targets, IGNORED), 4)
    assert loss.item() == 0


def test_the_z_loss_is_0_where_the_powers_add_up_to_1(exercise, parts):
    logits = torch.randn(B, T, V).log_softmax(-1)
    assert exercise.z_loss(logits, parts[2]).item() == pytest.approx(0, abs=1e-10)
    assert exercise.z_loss(logits + 3, parts[2]).item() == pytest.approx(9, rel=1e-5)


def test_the_z_loss_skips_what_is_ignored(exercise, parts):
    logits = torch.zeros(B, T, V)
    logits[0, 3:] = 50.0
    expected = math.log(V) ** 2
    assert exercise.z_loss(logits, parts[2]).item() == pytest.approx(expected, rel=1e-5)
    assert exercise.z_loss(logits, torch.full((B, T), IGNORED)).item() == 0
