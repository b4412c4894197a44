"""Faster, and the same numbers."""

import copy
import subprocess
import sys

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.testing import assert_close

from llm_book.models.gpt2 import GPT2, GPT2Config
from llm_book.nn.kv_cache import KVCache
from llm_book.nn.multi_head_attention import MultiHeadAttention
from llm_book.training.loss import IGNORED, next_token_loss
from llm_book.training.speed import (
    FastAttention,
    FastLinear,
    MasterWeights,
    attend_with_table,
    keep_memory,
    linear_cross_entropy,
    pad_vocabulary,
    product,
    training_step,
    use_fast_layers,
)

SMALL = GPT2Config(vocab_size=61, context_length=32, dim=24, n_layers=2, n_heads=3)


def randomized(module, seed=0):
    torch.manual_seed(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.randn_like(parameter) * 0.3)
    return module


def batch(n_tokens=11, seed=1):
    torch.manual_seed(seed)
    ids = torch.randint(SMALL.vocab_size, (2, n_tokens + 1))
    return ids[:, :-1], ids[:, 1:].clone()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize("bias", [True, False])
def test_a_fast_linear_gives_the_results_and_gradients_of_a_linear(dtype, bias):
    layer = randomized(nn.Linear(6, 10, bias=bias)).to(dtype)
    fast = copy.deepcopy(layer)
    fast.__class__ = FastLinear
    x = torch.randn(2, 5, 6, dtype=dtype)
    weigh = torch.randn(2, 5, 10, dtype=dtype)
    found = []
    for each in (layer, fast):
        given = x.clone().requires_grad_()
        y = each(given)
        (y * weigh).sum().backward()
        found.append([y, given.grad, *(p.grad for p in each.parameters())])
    for theirs, ours in zip(*found, strict=True):
        assert ours.dtype == dtype
        assert_close(ours, theirs, atol=1e-5, rtol=1e-5)


def test_a_fast_linear_obeys_autocast():
    fast = FastLinear(6, 10)
    with torch.autocast("cpu", torch.bfloat16):
        assert fast(torch.randn(3, 6)).dtype == torch.bfloat16


def test_a_frozen_weight_gets_no_gradient():
    fast = FastLinear(6, 10).requires_grad_(False)
    x = torch.randn(3, 6, requires_grad=True)
    fast(x).sum().backward()
    assert_close(x.grad, fast.weight.sum(0).expand(3, 6))
    assert fast.weight.grad is None


def test_a_product_of_transposed_matrices_needs_no_copies():
    a, b = torch.randn(7, 5), torch.randn(7, 9)
    assert_close(product(a.T, b.T), a.T @ b, atol=1e-5, rtol=1e-5)


def attentions(dtype=torch.float32, **options):
    plain = randomized(MultiHeadAttention(24, 3, **options)).to(dtype)
    fast = copy.deepcopy(plain)
    fast.__class__ = FastAttention
    return plain, fast


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("length", [1, 2, 13])
def test_fast_attention_equals_the_masked_one_forward_and_backward(dtype, length):
    found = []
    for layer in attentions(dtype):
        torch.manual_seed(2)
        x = torch.randn(2, length, 24, dtype=dtype, requires_grad=True)
        y = layer(x, torch.arange(length))
        y.square().sum().backward()
        found.append((y, x.grad, layer.qkv_proj.weight.grad))
    tolerance = 1e-5 if dtype == torch.float32 else 0.06
    for theirs, ours in zip(*found, strict=True):
        scale = theirs.detach().abs().max()
        assert_close(ours / scale, theirs / scale, atol=tolerance, rtol=0)


@pytest.mark.parametrize(
    "positions", [[-1, -1, 0, 1, 2], [[-1, 0, 1, 2, 3], [0, 1, 2, 3, 4]], [3, 4, 0, 1, 2]]
)
def test_fast_attention_keeps_the_mask_where_positions_need_one(positions):
    plain, fast = attentions()
    x, positions = torch.randn(2, 5, 24), torch.tensor(positions)
    assert_close(fast(x, positions), plain(x, positions))


def test_fast_attention_still_uses_a_cache_and_a_window():
    plain, fast = attentions()
    x, positions = torch.randn(1, 5, 24), torch.arange(5)
    cache = KVCache(1, 5, (3, 8))
    parts = [fast(x[:, :3], positions[:3], cache), fast(x[:, 3:], positions[3:], cache)]
    assert_close(torch.cat(parts, 1), plain(x, positions))
    plain, fast = attentions(window=2)
    assert_close(fast(x, positions), plain(x, positions))


def test_attention_by_table_is_attention():
    q, k, v = torch.randn(3, 2, 3, 9, 4)
    expected = F.scaled_dot_product_attention(q, k, v, is_causal=True)
    assert_close(attend_with_table(q, k, v), expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("n_rows", [1, 4, 100])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_fused_loss_equals_the_loss_of_the_logits(n_rows, dtype):
    torch.manual_seed(0)
    hidden, weight = torch.randn(2, 7, 6, dtype=dtype), torch.randn(31, 6, dtype=dtype)
    targets = torch.randint(31, (2, 7))
    targets[0, 2:5] = IGNORED
    found = []
    for fused in (False, True):
        x, w = hidden.clone().requires_grad_(), weight.clone().requires_grad_()
        if fused:
            loss = linear_cross_entropy(x, w, targets, n_rows)
        else:
            loss = next_token_loss(x @ w.T, targets)
        (3 * loss).backward()
        found.append((loss, x.grad, w.grad))
    for theirs, ours in zip(*found, strict=True):
        assert_close(ours, theirs, atol=1e-5, rtol=1e-5)


def test_the_fused_loss_in_bfloat16_is_summed_in_float32():
    torch.manual_seed(0)
    hidden, weight = torch.randn(4, 64, 16).bfloat16(), torch.randn(300, 16).bfloat16() / 4
    targets = torch.randint(300, (4, 64))
    loss = linear_cross_entropy(hidden, weight, targets)
    expected = next_token_loss(hidden.float() @ weight.float().T, targets)
    assert loss.dtype == torch.float32
    assert_close(loss, expected, atol=2e-3, rtol=0)


def test_the_fused_loss_without_a_target_is_zero_with_zero_gradient():
    hidden, weight = torch.randn(1, 3, 4, requires_grad=True), torch.randn(5, 4)
    loss = linear_cross_entropy(hidden, weight, torch.full((1, 3), IGNORED))
    loss.backward()
    assert float(loss.detach()) == 0
    assert not hidden.grad.any()


def test_targets_of_another_shape_are_refused():
    with pytest.raises(ValueError, match=r"\(2, 3, 4\) need targets of shape \(2, 3\), not \(6,\)"):
        linear_cross_entropy(torch.randn(2, 3, 4), torch.randn(5, 4), torch.zeros(6).long())


def gradients(model, loss):
    loss.backward()
    return {name: parameter.grad for name, parameter in model.named_parameters()}


def test_the_fast_layers_leave_loss_and_all_gradients_as_they_are():
    plain = randomized(GPT2(SMALL))
    fast = copy.deepcopy(plain)
    use_fast_layers(fast)
    assert fast.head.weight is fast.embedding.token.weight
    inputs, targets = batch()
    expected = next_token_loss(plain(inputs), targets)
    loss = linear_cross_entropy(fast.hidden_states(inputs), fast.head.weight, targets)
    assert_close(loss, expected, atol=1e-5, rtol=1e-5)
    theirs, ours = gradients(plain, expected), gradients(fast, loss)
    for name, gradient in ours.items():
        assert gradient.layout == torch.strided
        assert_close(gradient, theirs[name], atol=1e-5, rtol=1e-4)


def test_an_untied_embedding_keeps_its_dense_gradient():
    model = GPT2(GPT2Config(**(SMALL.__dict__ | {"tie_embeddings": False})))
    use_fast_layers(model)
    inputs, targets = batch()
    next_token_loss(model(inputs), targets).backward()
    assert model.embedding.token.weight.grad.layout == torch.strided


def test_five_fast_steps_equal_five_plain_ones():
    plain = randomized(GPT2(SMALL))
    fast = copy.deepcopy(plain)
    use_fast_layers(fast)
    slow = torch.optim.AdamW(plain.parameters(), lr=1e-3)
    quick = torch.optim.AdamW(fast.parameters(), lr=1e-3, fused=True)
    for step in range(5):
        inputs, targets = batch(seed=step)
        expected = next_token_loss(plain(inputs), targets)
        expected.backward()
        nn.utils.clip_grad_norm_(plain.parameters(), 1.0)
        slow.step()
        slow.zero_grad()
        loss = training_step(fast, quick, inputs, targets)
        assert_close(loss, expected.detach(), atol=1e-4, rtol=1e-4)


def test_masters_keep_steps_that_bfloat16_would_lose():
    layer = nn.Linear(1, 1, bias=False)
    nn.init.ones_(layer.weight)
    masters = MasterWeights(layer)
    optimizer = torch.optim.SGD(masters.parameters, lr=1e-3)
    for _ in range(10):
        layer(torch.ones(1, 1, dtype=torch.bfloat16)).sum().backward()
        masters.take_gradients()
        optimizer.step()
        masters.give_weights()
    assert_close(masters.parameters[0].item(), 0.99, atol=1e-6, rtol=0)
    assert layer.weight.dtype == torch.bfloat16
    assert layer.weight.item() == torch.tensor(0.99).bfloat16().item()


def test_a_bfloat16_model_with_masters_learns_one_batch_by_heart():
    torch.manual_seed(0)
    model = GPT2(SMALL)
    masters = MasterWeights(model)
    use_fast_layers(model)
    assert model.head.weight is model.embedding.token.weight
    optimizer = torch.optim.AdamW(masters.parameters, lr=1e-2, fused=True)
    inputs, targets = batch()
    losses = [training_step(model, optimizer, inputs, targets, masters=masters) for _ in range(60)]
    assert float(losses[-1]) < 0.1 * float(losses[0])


def test_a_bfloat16_step_is_clipped_before_the_masters_take_it():
    torch.manual_seed(0)
    model = GPT2(SMALL)
    masters = MasterWeights(model)
    use_fast_layers(model)
    before = [master.detach().clone() for master in masters.parameters]
    optimizer = torch.optim.SGD(masters.parameters, lr=1.0)
    training_step(model, optimizer, *batch(), masters=masters, clip_norm=0.01)
    moved = [after - at_first for after, at_first in zip(masters.parameters, before, strict=True)]
    length = nn.utils.get_total_norm(moved).item()
    assert_close(length, 0.01, atol=0, rtol=0.01)  # the norm has the digits of bfloat16


def test_gradients_are_clipped_together():
    model = randomized(GPT2(SMALL))
    use_fast_layers(model)
    before = [parameter.detach().clone() for parameter in model.parameters()]
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    training_step(model, optimizer, *batch(), clip_norm=0.01)
    moved = [new.detach() - old for new, old in zip(model.parameters(), before, strict=True)]
    assert_close(nn.utils.get_total_norm(moved), torch.tensor(0.01), atol=1e-5, rtol=0)


def test_a_padded_vocabulary_keeps_the_old_logits():
    model = randomized(GPT2(SMALL))
    inputs, _ = batch()
    expected = model(inputs)
    pad_vocabulary(model)
    assert model.vocab_size == model.config.vocab_size == 64
    assert model.head.weight is model.embedding.token.weight
    assert_close(model(inputs)[..., :61], expected, atol=1e-5, rtol=1e-5)
    pad_vocabulary(model)
    assert model.vocab_size == 64


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a setting of the C library")
def test_kept_memory_is_not_asked_for_again():
    program = """
import resource, sys, torch
from llm_book.training.speed import keep_memory
if sys.argv[1] == "keep": print(keep_memory(), end=" ")
faults = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for step in range(12):
    if step == 8: before = faults()
    torch.ones(2**24)  # 64 MiB: above what the library keeps by itself
print(faults() - before)
"""
    printed = [
        subprocess.run(
            [sys.executable, "-c", program, mode], capture_output=True, text=True, check=True
        ).stdout.split()
        for mode in ("keep", "plain")
    ]
    if not keep_memory():
        pytest.skip("this C library has no mallopt")
    assert printed[0][0] == "True"
    assert int(printed[0][1]) < 100 < 10_000 < int(printed[1][0])
