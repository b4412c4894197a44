import pytest
import torch
from torch import nn
from torch.testing import assert_close
from transformers.models.gemma3.modeling_gemma3 import Gemma3RMSNorm
from transformers.models.llama.modeling_llama import LlamaRMSNorm

from llm_book.nn.rms_norm import RMSNorm, rms_norm

C = 12


@pytest.fixture
def x():
    torch.manual_seed(0)
    return 3 + 5 * torch.randn(2, 7, C)


def make(shape=C, eps=1e-6, offset=0.0):
    torch.manual_seed(1)
    layer = RMSNorm(shape, eps, offset=offset)
    nn.init.normal_(layer.weight, mean=1 - offset, std=0.2)
    return layer


def test_two_numbers_worked_by_hand():
    x = torch.tensor([3.0, 4.0])  # mean square 25 / 2
    expected = torch.tensor([2 * 3.0, 10 * 4.0]) / 12.5**0.5
    assert_close(rms_norm(x, torch.tensor([2.0, 10.0]), eps=0), expected)


def test_the_mean_square_of_every_token_is_1(x):
    assert_close(RMSNorm(C)(x).square().mean(-1), torch.ones(2, 7), rtol=1e-5, atol=0)


@pytest.mark.parametrize("eps", [1e-6, 0.5])
@pytest.mark.parametrize("shape", [C, (7, C)], ids=str)
def test_the_layer_and_its_gradients_equal_torch(x, eps, shape):
    ours, theirs = make(shape, eps), nn.RMSNorm(shape, eps)
    theirs.load_state_dict(ours.state_dict())
    assert_close(ours(x), theirs(x), rtol=1e-6, atol=1e-6)
    upstream = torch.randn_like(x)
    ours(x).backward(upstream)
    theirs(x).backward(upstream)
    assert_close(ours.weight.grad, theirs.weight.grad)


@pytest.mark.parametrize("eps", [1e-6, 0.5])
@pytest.mark.parametrize(("kind", "offset"), [(LlamaRMSNorm, 0.0), (Gemma3RMSNorm, 1.0)])
def test_the_layer_equals_transformers(x, kind, offset, eps):
    ours, theirs = make(eps=eps, offset=offset), kind(C, eps)
    theirs.load_state_dict(ours.state_dict())
    assert_close(ours(x), theirs(x), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("offset", [0.0, 1.0])
@pytest.mark.parametrize("shape", [(C,), (7, C)], ids=str)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16, torch.float16])
def test_the_formula_by_hand_equals_the_layer(x, dtype, shape, offset):
    layer = make(shape, offset=offset).to(dtype)
    out = layer(x.to(dtype))
    weight = layer.weight.double() + offset
    by_hand = rms_norm(x.to(dtype).double(), weight)
    assert out.dtype == rms_norm(x.to(dtype), layer.weight).dtype == dtype
    tolerance = {torch.float32: 1e-6, torch.float64: 1e-12}.get(dtype, 1e-2)
    assert_close(out.double(), by_hand, rtol=tolerance, atol=tolerance)


def test_the_scale_of_a_token_does_not_matter_but_its_mean_does(x):
    layer = make()
    assert_close(layer(7 * x), layer(x), rtol=1e-5, atol=1e-5)
    assert not torch.allclose(layer(x + 10), layer(x), atol=0.1)


def test_without_a_mean_it_is_layer_normalization(x):
    centered = x - x.mean(-1, keepdim=True)
    assert_close(RMSNorm(C)(centered), nn.LayerNorm(C, eps=1e-6)(centered), rtol=1e-5, atol=1e-5)


def test_several_dimensions_are_one_long_one(x):
    layer = make((3, 4))
    flat = RMSNorm(C)
    flat.weight = nn.Parameter(layer.weight.flatten())
    assert_close(layer(x.unflatten(-1, (3, 4))).flatten(-2), flat(x))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_a_square_that_overflows_or_drowns_is_taken_in_float32(dtype):
    x = torch.tensor([300.0, 300.0, 301.0, 1.0], dtype=dtype)
    expected = rms_norm(x.double(), torch.ones(4).double())
    assert_close(RMSNorm(4).to(dtype)(x).double(), expected, rtol=1e-2, atol=1e-2)


def test_a_small_weight_is_not_lost_beside_the_offset():
    layer = RMSNorm(2, eps=0, offset=1.0).bfloat16()
    nn.init.constant_(layer.weight, 0.003)  # in bfloat16 1 + 0.003 is 1
    out = layer(torch.tensor([1.0, 1.0]).bfloat16() * 200)
    layer.weight.data.fill_(0.005)
    more = layer(torch.tensor([1.0, 1.0]).bfloat16() * 200)
    assert out.tolist() == [1.0, 1.0]  # 1.003 rounds down only here, in the result
    assert more.tolist() == [1.0078125, 1.0078125]
    wide = layer(torch.tensor([1.0, 1.0]))
    assert_close(wide, torch.tensor([1.005, 1.005]), rtol=1e-4, atol=0)


@pytest.mark.parametrize("offset", [0.0, 1.0])
def test_a_new_layer_only_normalizes(x, offset):
    assert_close(RMSNorm(C, offset=offset)(x), rms_norm(x, torch.ones(C)))


def test_zeros_stay_zeros():
    assert_close(make()(torch.zeros(3, C)), torch.zeros(3, C))


@pytest.mark.parametrize("shape", [0, (), (4, 0)], ids=str)
def test_a_shape_without_numbers_is_an_error(shape):
    with pytest.raises(ValueError, match="expected sizes of at least 1"):
        RMSNorm(shape)


@pytest.mark.parametrize("offset", [0.0, 1.0])
def test_an_input_narrower_than_the_weights_stays_so(x, offset):
    """As under autocast, where queries come out of a product in bfloat16; a warning is an error."""
    layer, narrow = make(offset=offset), x.bfloat16()
    result = layer(narrow)
    assert result.dtype == torch.bfloat16
    assert torch.equal(result, layer(narrow.float()).bfloat16())
