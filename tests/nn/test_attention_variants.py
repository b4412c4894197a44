import math
import os
import shutil

import pytest
import torch
from torch import nn
from torch.nn.attention import SDPBackend
from torch.testing import assert_close
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from llm_book.nn.attention_variants import (
    VARIANTS,
    Running,
    attend_in_tiles,
    causal_blocks,
    einsum_notation,
    flexible,
    fused_projections,
    scaled_dot_product,
    tiled_online,
)
from llm_book.nn.multi_head_attention import MultiHeadAttention
from llm_book.nn.self_attention import CausalSelfAttention, attend, causal_mask

# More tokens than a tile holds, and an even number of heads: with an odd one the module of
# PyTorch never takes its other path.
B, T, C, H = 2, 300, 24, 4
TOLERANCE = {"rtol": 1e-5, "atol": 1e-5}
COMPILED = ("FlexAttention", "compiled")
EAGER = [name for name in VARIANTS if name not in COMPILED]
COMPILER = os.environ.get("CXX") or shutil.which("g++") or shutil.which("clang++")
needs_compiler = pytest.mark.skipif(
    COMPILER is None, reason="torch.compile builds its CPU kernels with a C++ compiler; none found"
)
# Importing the compiler warns about a part of torch.jit that nothing here uses.
quiet = pytest.mark.filterwarnings("ignore:.*script_method:DeprecationWarning")
ALL = [
    *EAGER,
    *(pytest.param(name, marks=(needs_compiler, quiet, pytest.mark.slow)) for name in COMPILED),
]
WITH_GRADIENTS = [name for name in ALL if getattr(name, "values", (name,))[0] != "FlexAttention"]


def make(**arguments):
    torch.manual_seed(1)
    layer = MultiHeadAttention(C, H, **arguments)
    for parameter in layer.parameters():
        nn.init.normal_(parameter, std=C**-0.5)
    return layer


@pytest.fixture
def x():
    torch.manual_seed(0)
    return 2 * torch.randn(B, T, C)


def projected(length=50, width=8, dtype=torch.float32):
    torch.manual_seed(2)
    return [3 * torch.randn(B, H, length, width, dtype=dtype) for _ in range(3)]


def expected_mix(queries, keys, values):
    positions = torch.arange(queries.shape[-2])
    return attend(queries, keys, values, causal_mask(positions, positions))


class Largest(TorchDispatchMode):
    """Note how many numbers the largest tensor has that any operation makes."""

    def __init__(self):
        super().__init__()
        self.numel = 0

    def __torch_dispatch__(self, function, types, arguments=(), keywords=None):
        made = function(*arguments, **(keywords or {}))
        tensors = [leaf for leaf in tree_leaves(made) if isinstance(leaf, torch.Tensor)]
        self.numel = max([self.numel, *(t.untyped_storage().size() // t.itemsize for t in tensors)])
        return made


def largest(variant, length, *, backward):
    layer, tokens = make(), torch.randn(1, length, C)
    with Largest() as seen:
        mixed = variant(layer, tokens)
        if backward:
            mixed.sum().backward()
    return seen.numel


def test_there_are_nine():
    assert len(VARIANTS) == 9


@pytest.mark.parametrize("training", [True, False], ids=["training", "inference"])
@pytest.mark.parametrize("name", ALL)
def test_the_result_is_that_of_the_layer(x, name, training):
    layer = make().train(training)
    expected = layer(x, torch.arange(T))
    with torch.inference_mode():
        assert_close(VARIANTS[name](layer, x), expected.detach(), **TOLERANCE)


@pytest.mark.parametrize("name", WITH_GRADIENTS)
def test_the_gradients_are_those_of_the_layer(x, name):
    layer, theirs = make().double(), make().double()
    tokens, their_tokens = (x.double().requires_grad_() for _ in range(2))
    upstream = torch.randn_like(tokens)
    VARIANTS[name](layer, tokens).backward(upstream)
    theirs(their_tokens, torch.arange(T)).backward(upstream)
    assert_close(tokens.grad, their_tokens.grad, rtol=1e-9, atol=1e-9)
    for mine, other in zip(layer.parameters(), theirs.parameters(), strict=True):
        assert_close(mine.grad, other.grad, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", EAGER)
def test_future_tokens_do_not_change_the_past(x, name):
    layer = make()
    changed = x.clone()
    changed[:, 270:] = 100.0
    before, after = (VARIANTS[name](layer, tokens) for tokens in (x, changed))
    assert_close(after[:, :270], before[:, :270], **TOLERANCE)
    assert not torch.allclose(after[:, 270:], before[:, 270:])


@pytest.mark.parametrize("name", EAGER)
@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_the_dtype_is_kept(x, name, dtype):
    assert VARIANTS[name](make().to(dtype), x.to(dtype)).dtype == dtype


@pytest.mark.parametrize("name", EAGER)
@pytest.mark.parametrize("arguments", [{"window": 3}, {"dropout": 0.1}, {"bias": False}], ids=str)
def test_a_layer_that_the_variants_do_not_cover_is_an_error(x, name, arguments):
    with pytest.raises(ValueError, match="without window and dropout"):
        VARIANTS[name](make(**arguments), x)


def test_one_module_a_head_is_a_list_of_modules(x):
    layer = make()
    weights = layer.qkv_proj.weight.unflatten(0, (3, H, C // H))
    biases = layer.qkv_proj.bias.unflatten(0, (3, H, C // H))
    heads = []
    for head in range(H):
        module = CausalSelfAttention(C, C // H, bias=True)
        for i, projection in enumerate((module.q_proj, module.k_proj, module.v_proj)):
            projection.weight.data, projection.bias.data = weights[i, head], biases[i, head]
        heads.append(module(x, torch.arange(T)))
    expected = layer.o_proj(torch.cat(heads, -1))
    assert_close(VARIANTS["one module a head"](layer, x), expected, **TOLERANCE)


def test_six_words_in_three_tiles_worked_by_hand():
    scores = torch.tensor([1.0, 3, 12, 2, 2, 4]).log()
    values = torch.tensor([6.0, 2, 4, 6, 3, 3])
    states = [Running.start(torch.zeros(1, 1))]
    for tile in (slice(0, 2), slice(2, 4), slice(4, 6)):
        states.append(states[-1].take_in(scores[None, tile], values[tile, None]))
    for state, largest_score, total, mixed in zip(
        states[1:], (3, 12, 12), (4 / 3, 3 / 2, 2), (4, 6, 7.5), strict=True
    ):
        assert state.maximum.item() == pytest.approx(math.log(largest_score))
        assert state.total.item() == pytest.approx(total)
        assert state.mixed.item() == pytest.approx(mixed)
    assert (states[-1].mixed / states[-1].total).item() == pytest.approx(3.75)


@pytest.mark.parametrize("order", [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1]], ids=str)
def test_the_order_of_the_tiles_does_not_matter(order):
    scores, values = 5 * torch.randn(4, 6, 7), torch.randn(4, 7, 3)
    running = Running.start(torch.zeros(6, 3))
    for tile in order:
        running = running.take_in(scores[tile], values[tile])
    expected = torch.cat(list(scores), -1).softmax(-1) @ values.flatten(0, 1)
    assert_close(running.mixed / running.total, expected, **TOLERANCE)


def test_scores_in_the_thousands_do_not_overflow():
    scores = torch.tensor([[1000.0, 1001.0, 3000.0, -5000.0]])
    running = Running.start(torch.zeros(1, 4))
    for tile in (slice(0, 2), slice(2, 4)):
        running = running.take_in(scores[:, tile], torch.eye(4)[tile])
    assert_close(running.mixed / running.total, scores.softmax(-1))


@pytest.mark.parametrize("tile", [1, 7, 49, 50, 51, 1000])
def test_the_size_of_the_tiles_does_not_matter(tile):
    queries, keys, values = projected()
    expected = expected_mix(queries, keys, values)
    assert_close(attend_in_tiles(queries, keys, values, tile), expected, **TOLERANCE)


def test_the_tiled_gradients_are_those_of_finite_differences():
    parts = [part[:1, :1, :7, :2].requires_grad_() for part in projected(dtype=torch.float64)]
    assert torch.autograd.gradcheck(lambda *p: attend_in_tiles(*p, tile=3), parts)


def test_in_bfloat16_only_the_inputs_and_the_result_are_rounded():
    parts = projected(length=200, dtype=torch.bfloat16)
    expected = expected_mix(*(part.float() for part in parts))
    mixed = attend_in_tiles(*parts, tile=4)
    assert_close(mixed.float(), expected, rtol=2**-8, atol=2**-10)


def test_tiles_of_the_future_are_left_out(monkeypatch):
    met = []
    take_in = Running.take_in

    def note(running, scores, values):
        met.append(tuple(scores.shape[-2:]))
        return take_in(running, scores, values)

    monkeypatch.setattr(Running, "take_in", note)
    attend_in_tiles(*projected(length=40), tile=10)
    assert met == [(10, 10)] * (1 + 2 + 3 + 4)


@pytest.mark.parametrize("tile", [0, -1])
def test_a_tile_below_one_is_an_error(tile):
    with pytest.raises(ValueError, match=f"tile={tile}, expected at least 1"):
        attend_in_tiles(*projected(), tile)


@pytest.mark.parametrize("backward", [False, True], ids=["forward", "forward and backward"])
def test_the_tiled_form_never_makes_the_table_of_weights(backward):
    length = 1024
    table = H * length**2
    assert largest(tiled_online, length, backward=backward) < table / 8
    for variant in (fused_projections, einsum_notation):
        assert largest(variant, length, backward=backward) >= table


def test_what_the_tiled_form_keeps_for_the_backward_pass_grows_with_the_length():
    def kept(length):
        storages = {}

        def note(tensor):
            storages[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
            return tensor

        layer, tokens = make(), torch.randn(1, length, C)
        with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
            mixed = tiled_online(layer, tokens)
        assert mixed.requires_grad
        return sum(storages.values())

    assert kept(1024) < 2.1 * kept(512)


@pytest.mark.parametrize("backend", [SDPBackend.FLASH_ATTENTION, SDPBackend.MATH])
def test_each_backend_of_a_cpu_gives_the_same(x, backend):
    layer = make()
    mixed = scaled_dot_product(layer, x, backend)
    assert_close(mixed, layer(x, torch.arange(T)), **TOLERANCE)


def test_a_backend_that_this_device_lacks_is_an_error(x):
    with pytest.raises(RuntimeError, match="backend"):
        scaled_dot_product(make(), x, SDPBackend.CUDNN_ATTENTION)


@quiet
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:The .grad attribute:UserWarning")
def test_flex_attention_has_no_backward_pass_on_a_cpu(x):
    with pytest.raises(NotImplementedError, match="does not support backward on CPU"):
        flexible(make(), x)


@needs_compiler
@quiet
@pytest.mark.slow
def test_flex_attention_takes_blocks_made_before(x):
    layer = make()
    with torch.inference_mode():
        mixed = flexible(layer, x, causal_blocks(T))
        assert_close(mixed, layer(x, torch.arange(T)), **TOLERANCE)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("name", VARIANTS)
def test_a_gpu_gives_the_same_forward_and_backward(x, name):
    layer, theirs = make().cuda(), make()
    tokens, their_tokens = x.cuda().requires_grad_(), x.clone().requires_grad_()
    mixed, expected = VARIANTS[name](layer, tokens), theirs(their_tokens, torch.arange(T))
    assert_close(mixed.cpu(), expected, rtol=1e-3, atol=1e-3)
    mixed.square().sum().backward()
    expected.square().sum().backward()
    assert_close(tokens.grad.cpu(), their_tokens.grad, rtol=1e-2, atol=1e-2)
