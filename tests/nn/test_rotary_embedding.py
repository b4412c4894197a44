import copy
import math

import pytest
import torch
import transformers
from torch.testing import assert_close
from transformers.models.glm.modeling_glm import GlmRotaryEmbedding
from transformers.models.glm.modeling_glm import apply_rotary_pos_emb as turn_interleaved
from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding
from transformers.models.llama.modeling_llama import apply_rotary_pos_emb as turn_halves

from llm_book.nn.rotary_embedding import (
    RotaryEmbedding,
    linear_scaling,
    llama3_scaling,
    rotary_frequencies,
    yarn_attention_factor,
    yarn_scaling,
)

B, H, D = 2, 3, 16
POSITIONS = torch.tensor([0, 1, 2, 3, 17, 63, 64, 200, 1000, 4095, 9000])
TOLERANCE = {"rtol": 1e-4, "atol": 1e-4}


@pytest.fixture
def x():
    torch.manual_seed(0)
    return torch.randn(B, len(POSITIONS), H, D)


def theirs(x, positions, dim=D, interleaved=False, **rope_parameters):
    """What transformers makes of the same queries."""
    parameters = {"rope_type": "default", "rope_theta": 10_000.0} | rope_parameters
    if interleaved:
        parameters["partial_rotary_factor"] = dim / D
    config = (transformers.GlmConfig if interleaved else transformers.LlamaConfig)(
        hidden_size=D * H,
        num_attention_heads=H,
        num_key_value_heads=1,
        head_dim=D,
        max_position_embeddings=64 * 8,
        rope_parameters=parameters,
    )
    table = (GlmRotaryEmbedding if interleaved else LlamaRotaryEmbedding)(config)
    cos, sin = table(x, positions.expand(x.shape[:2]))
    turn = turn_interleaved if interleaved else turn_halves
    return turn(x.transpose(1, 2), x.transpose(1, 2), cos, sin)[0].transpose(1, 2)


def test_a_quarter_turn_worked_by_hand():
    rotary = RotaryEmbedding(2)  # one pair, one radian per position
    x = torch.tensor([3.0, 4.0]).reshape(1, 1, 1, 2)
    quarter = torch.tensor([math.pi / 2])
    assert_close(rotary(x, quarter).flatten(), torch.tensor([-4.0, 3.0]), rtol=0, atol=1e-6)


def test_every_pair_is_a_complex_number_times_a_power_of_i(x):
    frequencies = rotary_frequencies(D)
    turns = torch.polar(torch.ones(()), POSITIONS[:, None, None] * frequencies)
    pairs = torch.view_as_complex(x.unflatten(-1, (-1, 2)))
    expected = torch.view_as_real(pairs * turns).flatten(-2)
    assert_close(RotaryEmbedding(D, interleaved=True)(x, POSITIONS), expected, **TOLERANCE)


@pytest.mark.parametrize("theta", [100.0, 10_000.0, 500_000.0])
def test_turned_queries_equal_llama(x, theta):
    ours = RotaryEmbedding(D, theta)(x, POSITIONS)
    assert_close(ours, theirs(x, POSITIONS, rope_theta=theta), **TOLERANCE)


@pytest.mark.parametrize("dim", [4, 8, 16])
def test_interleaved_and_partial_turning_equals_glm(x, dim):
    ours = RotaryEmbedding(dim, interleaved=True)(x, POSITIONS)
    assert_close(ours, theirs(x, POSITIONS, dim, interleaved=True), **TOLERANCE)
    assert_close(ours[..., dim:], x[..., dim:], rtol=0, atol=0)


@pytest.mark.parametrize("factor", [2.0, 8.0])
def test_linear_scaling_equals_transformers(x, factor):
    ours = RotaryEmbedding(D, scaling=linear_scaling(factor))(x, POSITIONS)
    assert_close(ours, theirs(x, POSITIONS, rope_type="linear", factor=factor), **TOLERANCE)


@pytest.mark.parametrize("limits", [(1.0, 4.0), (0.5, 9.0)], ids=str)
@pytest.mark.parametrize("factor", [8.0, 32.0])
def test_llama3_scaling_equals_transformers(x, factor, limits):
    slow, fast = limits
    scaling = llama3_scaling(factor, 64, slow=slow, fast=fast)
    names = {"low_freq_factor": slow, "high_freq_factor": fast}
    names["original_max_position_embeddings"] = 64
    expected = theirs(x, POSITIONS, rope_type="llama3", factor=factor, **names)
    assert_close(RotaryEmbedding(D, scaling=scaling)(x, POSITIONS), expected, **TOLERANCE)


def test_llama3_scaling_has_pairs_in_all_three_zones():
    before = rotary_frequencies(D)
    ratio = before / llama3_scaling(8.0, 64)(before)
    assert ratio[0] == 1
    assert ratio[-1] == 8
    assert ((ratio > 1.1) & (ratio < 7.9)).any()


@pytest.mark.parametrize("limits", [(1.0, 32.0), (2.0, 5.0), (0.001, 40.0)], ids=str)
@pytest.mark.parametrize("truncate", [True, False])
@pytest.mark.parametrize("original_length", [64, 512])
def test_yarn_equals_transformers(x, limits, truncate, original_length):
    slow, fast = limits
    rotary = RotaryEmbedding(
        D,
        1000.0,
        scaling=yarn_scaling(8.0, original_length, slow=slow, fast=fast, truncate=truncate),
        attention_factor=yarn_attention_factor(8.0),
    )
    names = {"beta_slow": slow, "beta_fast": fast, "truncate": truncate, "rope_theta": 1000.0}
    names["original_max_position_embeddings"] = original_length
    expected = theirs(x, POSITIONS, rope_type="yarn", factor=8.0, **names)
    assert_close(rotary(x, POSITIONS), expected, **TOLERANCE)


@pytest.mark.parametrize(("mscale", "all_dim"), [(1.0, 0.5), (0.7, 1.3)])
def test_yarn_attention_factors_divide_as_in_deepseek(x, mscale, all_dim):
    rotary = RotaryEmbedding(
        D,
        scaling=yarn_scaling(40.0, 64),
        attention_factor=yarn_attention_factor(40.0, mscale) / yarn_attention_factor(40.0, all_dim),
    )
    names = {"mscale": mscale, "mscale_all_dim": all_dim, "original_max_position_embeddings": 64}
    expected = theirs(x, POSITIONS, rope_type="yarn", factor=40.0, **names)
    assert_close(rotary(x, POSITIONS), expected, **TOLERANCE)


def test_a_text_that_is_not_longer_needs_no_attention_factor():
    assert yarn_attention_factor(1.0) == yarn_attention_factor(0.5) == 1.0


@pytest.mark.parametrize("interleaved", [False, True])
@pytest.mark.parametrize("shift", [1, 50, 777])
def test_scores_depend_on_the_distance_alone(x, shift, interleaved):
    rotary = RotaryEmbedding(D, interleaved=interleaved)

    def scores(where):
        turned = rotary(x, where).transpose(1, 2).double()
        return turned @ turned.mT

    near = torch.arange(len(POSITIONS))
    assert_close(scores(near), scores(near + shift), rtol=0, atol=1e-3)
    assert not torch.allclose(scores(near), scores(2 * near), atol=0.1)


def test_turning_keeps_the_length_and_position_0_changes_nothing(x):
    turned = RotaryEmbedding(D)(x, POSITIONS)
    assert_close(turned.norm(dim=-1), x.norm(dim=-1), rtol=1e-5, atol=1e-5)
    assert_close(turned[:, 0], x[:, 0])


def test_rows_may_have_positions_of_their_own(x):
    rotary = RotaryEmbedding(D)
    rows = torch.stack((POSITIONS, POSITIONS - 5))  # below 0: padding
    out = rotary(x, rows)
    assert out.isfinite().all()
    for row in range(B):
        assert_close(out[row : row + 1], rotary(x[row : row + 1], rows[row]))


def test_interleaved_is_the_same_turning_in_another_order(x):
    halves = x.unflatten(-1, (-1, 2)).transpose(-1, -2).flatten(-2)  # evens, then odds
    turned = RotaryEmbedding(D)(halves, POSITIONS)
    back = turned.unflatten(-1, (2, -1)).transpose(-1, -2).flatten(-2)
    assert_close(RotaryEmbedding(D, interleaved=True)(x, POSITIONS), back)


def test_the_gradient_turns_back(x):
    x.requires_grad_()
    rotary, upstream = RotaryEmbedding(D), torch.randn_like(x)
    rotary(x, POSITIONS).backward(upstream)
    assert_close(x.grad, rotary(upstream, -POSITIONS), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_a_model_in_another_dtype_still_has_exact_angles(x, dtype):
    rotary = RotaryEmbedding(D).to(dtype)
    out = rotary(x.to(dtype), POSITIONS)
    assert out.dtype == dtype
    expected = RotaryEmbedding(D)(x.to(dtype).float(), POSITIONS)
    assert_close(out.float(), expected, rtol=1e-2, atol=2e-2 if dtype != torch.float64 else 1e-3)


def test_a_layer_made_without_memory_knows_its_frequencies(x):
    with torch.device("meta"):
        rotary = RotaryEmbedding(D, scaling=yarn_scaling(8.0, 64))
    rotary.to_empty(device="cpu")
    expected = RotaryEmbedding(D, scaling=yarn_scaling(8.0, 64))(x, POSITIONS)
    assert_close(rotary(x, POSITIONS), expected)
    shapes_only = rotary(x.to("meta"), POSITIONS.to("meta"))
    assert shapes_only.shape == x.shape
    assert_close(rotary(x, POSITIONS), expected)  # not changed by it


def test_there_is_nothing_in_the_state_dict_and_a_copy_works(x):
    rotary = RotaryEmbedding(D)
    assert not rotary.state_dict()
    assert not list(rotary.buffers())
    assert_close(copy.deepcopy(rotary)(x, POSITIONS), rotary(x, POSITIONS))


@pytest.mark.parametrize("dim", [0, 1, 7, -2])
def test_a_number_of_features_without_pairs_is_an_error(dim):
    with pytest.raises(ValueError, match=f"dim={dim}, expected an even number"):
        RotaryEmbedding(dim)


def test_a_base_of_zero_is_an_error():
    with pytest.raises(ValueError, match="theta=0"):
        RotaryEmbedding(4, 0)


def test_heads_narrower_than_what_turns_are_an_error(x):
    with pytest.raises(ValueError, match="dim=18 features turn, but x has only 16"):
        RotaryEmbedding(18)(x, POSITIONS)


def test_yarn_for_a_single_pair_is_an_error():
    with pytest.raises(ValueError, match="at least two"):
        RotaryEmbedding(2, scaling=yarn_scaling(8.0, 64))
