import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.testing import assert_close

from llm_book.data.stories import Grammar
from llm_book.training.loss import IGNORED, bits_per_byte, next_token_loss, perplexity

B, T, V = 3, 5, 11
GRAMMAR = "[plan]\n{who}\n[who: name]\n*3 a\nb\n[story]\n{who.name}{c|d|e}\n"


@pytest.fixture
def batch():
    torch.manual_seed(0)
    logits, targets = 3 * torch.randn(B, T, V), torch.randint(V, (B, T))
    targets[0, 2:] = IGNORED  # rows of 2, 5, and 4 targets
    targets[2, 0] = IGNORED
    return logits, targets


def by_hand(logits, targets):
    """Sum -log softmax over the targets that count, one at a time, in float64."""
    surprises = [
        -math.log(row.double().exp()[target] / row.double().exp().sum())
        for row, target in zip(logits.flatten(0, 1), targets.flatten(), strict=True)
        if target != IGNORED
    ]
    return sum(surprises) / len(surprises)


def test_a_row_worked_by_hand():
    logits = torch.tensor([[[2.0, 1.0, 0.0]]])
    expected = math.log(math.exp(2) + math.exp(1) + 1) - 2
    assert next_token_loss(logits, torch.tensor([[0]])).item() == pytest.approx(expected)


def test_the_loss_is_the_mean_over_the_targets_that_are_not_ignored(batch):
    assert next_token_loss(*batch).item() == pytest.approx(by_hand(*batch), rel=1e-6)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_value_and_gradient_equal_torch(batch, dtype):
    logits, targets = batch[0].to(dtype).requires_grad_(), batch[1]
    mine = next_token_loss(logits, targets)
    theirs = F.cross_entropy(logits.transpose(1, 2), targets)
    assert_close(mine, theirs, rtol=1e-6, atol=0)
    gradients = [torch.autograd.grad(loss, logits)[0] for loss in (mine, theirs)]
    assert_close(*gradients, rtol=1e-5, atol=1e-8)


def test_the_gradient_is_probability_minus_target(batch):
    logits = batch[0].requires_grad_()
    targets = torch.randint(V, (B, T))
    next_token_loss(logits, targets).backward()
    expected = (logits.softmax(-1) - F.one_hot(targets, V)) / (B * T)
    assert_close(logits.grad, expected.detach(), rtol=1e-5, atol=1e-8)


def test_all_classes_alike_cost_log_v():
    loss = next_token_loss(torch.zeros(B, T, V), torch.zeros(B, T, dtype=torch.long))
    assert loss.item() == pytest.approx(math.log(V))
    assert perplexity(loss) == pytest.approx(V, rel=1e-6)


def test_a_constant_added_to_a_row_changes_nothing(batch):
    logits, targets = batch
    shifted = logits + torch.tensor([1000.0, -1000.0, 0.0])[:, None, None]
    expected = next_token_loss(logits, targets)
    assert_close(next_token_loss(shifted, targets), expected, rtol=1e-4, atol=0)


def test_logits_of_a_thousand_give_a_finite_loss():
    logits = torch.tensor([[[1000.0, 0.0], [0.0, 1000.0]]])
    assert next_token_loss(logits, torch.tensor([[0, 0]])).item() == 500


def test_what_is_ignored_has_no_influence_and_no_gradient(batch):
    logits, targets = batch
    ignored = targets == IGNORED
    changed = torch.where(ignored[..., None], 100.0, logits).requires_grad_()
    loss = next_token_loss(changed, targets)
    assert_close(loss, next_token_loss(logits, targets), rtol=0, atol=0)
    loss.backward()
    assert changed.grad[ignored].eq(0).all()
    assert changed.grad[~ignored].ne(0).all()


def test_padding_does_not_change_the_loss(batch):
    logits, targets = batch
    padded = torch.cat([logits, torch.randn(B, 4, V)], 1)
    longer = torch.cat([targets, torch.full((B, 4), IGNORED)], 1)
    expected = next_token_loss(logits, targets)
    assert_close(next_token_loss(padded, longer), expected, rtol=1e-6, atol=0)


def test_rows_of_unequal_length_do_not_count_alike(batch):
    rows = [next_token_loss(x[None], y[None]) for x, y in zip(*batch, strict=True)]
    counts = torch.tensor([2.0, 5.0, 4.0])
    assert_close(next_token_loss(*batch), torch.stack(rows) @ counts / 11, rtol=1e-6, atol=0)
    assert abs(next_token_loss(*batch) - torch.stack(rows).mean()) > 0.01


@pytest.mark.parametrize("shape", [(B, T), (0, T), (B, 0)])
def test_without_a_target_the_loss_and_its_gradient_are_0(shape):
    logits = torch.randn(*shape, V, requires_grad=True)
    loss = next_token_loss(logits, torch.full(shape, IGNORED))
    assert loss.item() == 0
    loss.backward()
    assert logits.grad.eq(0).all()


def test_the_loss_of_bfloat16_logits_is_computed_in_float32(batch):
    logits, targets = batch[0].bfloat16().requires_grad_(), batch[1]
    loss = next_token_loss(logits, targets)
    assert loss.dtype == torch.float32
    assert_close(loss, next_token_loss(logits.float(), targets), rtol=0, atol=0)
    loss.backward()
    assert logits.grad.dtype == torch.bfloat16


def test_float32_logits_are_not_copied(batch):
    saved = []
    with torch.autograd.graph.saved_tensors_hooks(lambda x: saved.append(x) or x, lambda x: x):
        next_token_loss(batch[0].requires_grad_(), batch[1])
    large = {tensor.data_ptr() for tensor in saved if tensor.numel() == B * T * V}
    assert len(large) == 1  # the logarithms of the probabilities


def test_true_probabilities_reach_the_entropy_and_others_do_not():
    grammar = Grammar(GRAMMAR)
    probabilities = {"a": 3 / 4, "b": 1 / 4}, dict.fromkeys("cde", 1 / 3)
    stories = [a + b for a in "ab" for b in "cde" for _ in range(9 if a == "a" else 3)]
    ids = torch.tensor([["abcde".index(letter) for letter in story] for story in stories])
    true = torch.tensor([[p.get(letter, 0.0) for letter in "abcde"] for p in probabilities])
    best = next_token_loss(true.log().expand(len(stories), 2, 5), ids).item()
    assert best == pytest.approx(grammar.entropy_per_character(), rel=1e-6)
    for q in (0.5, 0.7, 0.8, 0.99):
        believed = true.clone()
        believed[0, :2] = torch.tensor([q, 1 - q])
        worse = next_token_loss(believed.log().expand(len(stories), 2, 5), ids)
        assert worse > best + 1e-4


def test_a_linear_model_learns_a_batch_by_heart():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Embedding(V, 16), nn.Linear(16, V))
    tokens = torch.arange(V)[None]
    targets = tokens.flip(1)
    for _ in range(100):
        loss = next_token_loss(model(tokens), targets)
        for p, gradient in zip(
            model.parameters(), torch.autograd.grad(loss, [*model.parameters()]), strict=True
        ):
            p.data -= 2 * gradient
    assert loss < 0.1


def test_other_shapes_are_errors():
    with pytest.raises(
        ValueError, match=r"\(3, 5, 11\) need targets of shape \(3, 5\), not \(3, 4\)"
    ):
        next_token_loss(torch.zeros(B, T, V), torch.zeros(B, 4, dtype=torch.long))
    with pytest.raises(ValueError, match=r"need targets of shape \(3, 5\), not \(5, 3\)"):
        next_token_loss(torch.zeros(B, T, V), torch.zeros(T, B, dtype=torch.long))


@pytest.mark.parametrize("wrong", [-1, V])
def test_a_target_outside_the_vocabulary_is_an_error(wrong):
    with pytest.raises(IndexError, match=f"Target {wrong} is out of bounds"):
        next_token_loss(torch.zeros(1, 2, V), torch.tensor([[0, wrong]]))


def test_perplexity_of_a_mean_is_the_geometric_mean_of_one_over_the_probabilities():
    probabilities = [0.5, 0.25, 0.125]
    loss = -sum(map(math.log, probabilities)) / 3
    assert perplexity(loss) == pytest.approx((2 * 4 * 8) ** (1 / 3))
    assert perplexity(torch.tensor(0.0)) == 1
    assert perplexity(1000.0) == math.inf
    assert math.isnan(perplexity(math.nan))


def test_bits_per_byte_worked_by_hand():
    assert bits_per_byte(math.log(2), 10, 10) == pytest.approx(1)
    assert bits_per_byte(math.log(8), 10, 20) == pytest.approx(1.5)
    assert bits_per_byte(torch.tensor(0.0), 10, 20) == 0


def test_bits_per_byte_does_not_depend_on_how_the_text_is_cut():
    characters, words = [0.5, 0.25, 0.5, 0.125], [0.125, 0.0625]  # the same text, p = 1/128
    found = [
        bits_per_byte(-sum(map(math.log, tokens)) / len(tokens), len(tokens), 4)
        for tokens in (characters, words)
    ]
    assert found == pytest.approx([7 / 4, 7 / 4])


@pytest.mark.parametrize(("n_tokens", "n_bytes"), [(1, 0), (-1, 4), (1, -4)])
def test_bits_of_no_bytes_are_an_error(n_tokens, n_bytes):
    with pytest.raises(ValueError, match=f"n_tokens={n_tokens} over n_bytes={n_bytes}"):
        bits_per_byte(1.0, n_tokens, n_bytes)
