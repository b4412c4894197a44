import pytest
import torch
import transformers
from torch import nn
from torch.testing import assert_close
from transformers.models.gemma3.modeling_gemma3 import Gemma3Attention, Gemma3RotaryEmbedding
from transformers.models.glm.modeling_glm import GlmAttention, GlmRotaryEmbedding
from transformers.models.olmo3.modeling_olmo3 import Olmo3Attention, Olmo3RotaryEmbedding
from transformers.models.qwen3.modeling_qwen3 import Qwen3Attention, Qwen3RotaryEmbedding

from llm_book.nn.grouped_query_attention import GroupedQueryAttention
from llm_book.nn.multi_head_attention import MultiHeadAttention
from llm_book.nn.rms_norm import RMSNorm
from llm_book.nn.rotary_embedding import RotaryEmbedding
from llm_book.nn.self_attention import attend, causal_mask

B, T, C, H, K, D = 3, 11, 24, 6, 2, 8
TOLERANCE = {"rtol": 1e-4, "atol": 1e-5}


@pytest.fixture
def x():
    torch.manual_seed(0)
    return torch.randn(B, T, C)


def randomize(layer):
    torch.manual_seed(1)
    for name, parameter in layer.named_parameters():
        mean = 1.0 if "norm" in name else 0.0
        nn.init.normal_(parameter, mean, std=0.2 if "norm" in name else C**-0.5)
    return layer


def make(n_kv_heads=K, **arguments):
    arguments = {"rotary": RotaryEmbedding(D), "head_dim": D, "qkv_bias": True} | arguments
    return randomize(GroupedQueryAttention(C, H, n_kv_heads, **arguments))


def transformers_layer(layer, attention, rotary, config_class, window=None, **options):
    """Return a function like `layer` that runs the published one with the same weights."""
    config = config_class(
        hidden_size=C,
        num_attention_heads=H,
        num_key_value_heads=K,
        head_dim=D,
        num_hidden_layers=2,
        attn_implementation="eager",
        **options,
    )
    theirs = attention(config, layer_idx=0).eval()
    state = {name: weight.flatten() if weight.dim() == 2 and "norm" in name else weight
             for name, weight in layer.state_dict().items()}  # fmt: skip
    theirs.load_state_dict(state)

    def run(x, positions):
        types = {"layer_type": config.layer_types[0]} if "layer_types" in options else {}
        cos_sin = rotary(config)(x, positions.expand(x.shape[:2]), **types)
        hidden = ~causal_mask(positions, positions, window)
        mask = torch.zeros(1, 1, T, T).masked_fill(hidden, torch.finfo(x.dtype).min)
        return theirs(x, position_embeddings=cos_sin, attention_mask=mask)[0]

    return run


def test_norms_per_head_equal_qwen3(x):
    layer = make(q_norm=RMSNorm(D), k_norm=RMSNorm(D), qkv_bias=False)
    run = transformers_layer(layer, Qwen3Attention, Qwen3RotaryEmbedding, transformers.Qwen3Config)
    assert_close(layer(x, torch.arange(T)), run(x, torch.arange(T)), **TOLERANCE)


@pytest.mark.parametrize("bias", [False, True])
def test_norms_over_all_heads_and_biases_equal_olmo3(x, bias):
    layer = make(
        q_norm=RMSNorm((H, D)),
        k_norm=RMSNorm((K, D)),
        qkv_bias=bias,
        o_bias=bias,
        window=4,
        rotary=RotaryEmbedding(D, 500_000.0),
    )
    run = transformers_layer(
        layer, Olmo3Attention, Olmo3RotaryEmbedding, transformers.Olmo3Config, window=4,
        rms_norm_eps=1e-6, attention_bias=bias, layer_types=["full_attention"] * 2,
    )  # fmt: skip
    assert_close(layer(x, torch.arange(T)), run(x, torch.arange(T)), **TOLERANCE)


def test_scale_window_and_offset_norms_equal_gemma3(x):
    norms = {"q_norm": RMSNorm(D, offset=1.0), "k_norm": RMSNorm(D, offset=1.0)}
    layer = make(**norms, qkv_bias=False, scale=5.0**-0.5, window=4)
    run = transformers_layer(
        layer, Gemma3Attention, Gemma3RotaryEmbedding, transformers.Gemma3TextConfig, window=4,
        query_pre_attn_scalar=5, sliding_window=4, layer_types=["sliding_attention"] * 2,
    )  # fmt: skip
    assert_close(layer(x, torch.arange(T)), run(x, torch.arange(T)), **TOLERANCE)


def test_partial_interleaved_turning_equals_glm(x):
    layer = make(rotary=RotaryEmbedding(D // 2, interleaved=True))
    run = transformers_layer(
        layer, GlmAttention, GlmRotaryEmbedding, transformers.GlmConfig, attention_bias=True
    )
    assert_close(layer(x, torch.arange(T)), run(x, torch.arange(T)), **TOLERANCE)


def test_a_group_of_queries_meets_one_head_of_keys_and_values(x):
    layer = make(rotary=None, scale=0.3, o_bias=True)
    queries = layer.q_proj(x).unflatten(-1, (H, D))
    keys = layer.k_proj(x).unflatten(-1, (K, D))
    values = layer.v_proj(x).unflatten(-1, (K, D))
    mask = causal_mask(torch.arange(T), torch.arange(T))
    heads = [
        attend(queries[:, :, h] * 0.3 * D**0.5, keys[:, :, h // 3], values[:, :, h // 3], mask)
        for h in range(H)
    ]
    assert_close(layer(x, torch.arange(T)), layer.o_proj(torch.cat(heads, -1)), **TOLERANCE)


def test_with_a_key_value_head_for_each_query_head_it_is_multi_head_attention():
    x = torch.randn(B, T, 24)
    layer = randomize(GroupedQueryAttention(24, 4, 4, qkv_bias=True, o_bias=True))
    mha = MultiHeadAttention(24, 4)
    for kind in ("weight", "bias"):
        parts = [getattr(layer.get_submodule(f"{name}_proj"), kind) for name in "qkv"]
        getattr(mha.qkv_proj, kind).data = torch.cat(parts)
    mha.o_proj.load_state_dict(layer.o_proj.state_dict())
    assert_close(layer(x, torch.arange(T)), mha(x, torch.arange(T)), **TOLERANCE)


def test_equal_key_value_heads_are_as_good_as_one(x):
    grouped, single = make(2), make(1)
    single.load_state_dict(
        {name: weight[:D] if name[0] in "kv" else weight
         for name, weight in grouped.state_dict().items()}
    )  # fmt: skip
    for projection in (grouped.k_proj, grouped.v_proj):
        projection.weight.data[D:] = projection.weight.data[:D]
        projection.bias.data[D:] = projection.bias.data[:D]
    assert_close(grouped(x, torch.arange(T)), single(x, torch.arange(T)), **TOLERANCE)


def test_future_tokens_do_not_change_the_past(x):
    layer, changed = make(), x.clone()
    changed[:, 5:] = 100.0
    before, after = layer(x, torch.arange(T)), layer(changed, torch.arange(T))
    assert_close(after[:, :5], before[:, :5], rtol=0, atol=0)
    assert not torch.allclose(after[:, 5:], before[:, 5:])


def test_only_distances_matter_so_a_text_may_begin_anywhere(x):
    layer = make(window=4)
    assert_close(layer(x, torch.arange(T) + 500), layer(x, torch.arange(T)), rtol=0, atol=1e-4)


@pytest.mark.parametrize("n_kv_heads", [1, 2, 6])
@pytest.mark.parametrize("window", [None, 1, 2, 5, 50])
@pytest.mark.parametrize("sizes", [[11], [1] * 11, [4, 7], [5, 1, 3, 2], [2, 8, 1]], ids=str)
def test_chunks_through_a_cache_equal_one_pass(x, sizes, window, n_kv_heads):
    layer = make(n_kv_heads, window=window, q_norm=RMSNorm(D), k_norm=RMSNorm(D))
    cache = layer.make_cache(B, T)
    positions = torch.arange(T).split(sizes)
    out = [layer(a, b, cache) for a, b in zip(x.split(sizes, 1), positions, strict=True)]
    assert_close(torch.cat(out, 1), layer(x, torch.arange(T)), **TOLERANCE)


@pytest.mark.parametrize("window", [None, 3])
@pytest.mark.parametrize("sizes", [[11], [7, 4], [8, 1, 1, 1], [1] * 11], ids=str)
def test_a_batch_with_left_padding_equals_each_row_alone(x, sizes, window):
    layer, pads = make(window=window), torch.tensor([0, 2, 6])
    positions = torch.arange(T) - pads[:, None]
    cache = layer.make_cache(B, T)
    parts = zip(x.split(sizes, 1), positions.split(sizes, 1), strict=True)
    out = torch.cat([layer(a, b, cache) for a, b in parts], 1)
    assert out.isfinite().all()
    for row, pad in enumerate(pads.tolist()):
        alone = layer(x[row : row + 1, pad:], torch.arange(T - pad))
        assert_close(out[row : row + 1, pad:], alone, **TOLERANCE)


def test_padding_gives_no_nan_in_the_gradients(x):
    layer = make(q_norm=RMSNorm(D), k_norm=RMSNorm(D))
    x.requires_grad_()
    layer(x, torch.arange(T) - 4).sum().backward()
    assert x.grad.isfinite().all()
    assert all(parameter.grad.isfinite().all() for parameter in layer.parameters())


@pytest.mark.parametrize("window", [None, 3])
def test_the_cache_has_the_memory_of_the_key_value_heads(window):
    cache = make(window=window).make_cache(B, T, dtype=torch.bfloat16)
    assert cache.keys.shape == cache.values.shape == (B, window or T, K, D)
    assert cache.bytes_per_token == 2 * K * D * 2


def test_one_rotary_embedding_serves_several_layers(x):
    shared = RotaryEmbedding(D)
    layers = [make(rotary=shared), make(rotary=shared)]
    for layer in layers:
        assert_close(layer(x, torch.arange(T)), make()(x, torch.arange(T)))
        assert not [name for name in layer.state_dict() if "rotary" in name]


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_the_dtype_is_kept_with_and_without_a_cache(x, dtype):
    layer = make(q_norm=RMSNorm(D), k_norm=RMSNorm(D)).to(dtype)
    cache = layer.make_cache(B, T, dtype=dtype)
    plain = layer(x.to(dtype), torch.arange(T))
    assert plain.dtype == layer(x.to(dtype), torch.arange(T), cache).dtype == dtype
    exact = make(q_norm=RMSNorm(D), k_norm=RMSNorm(D))(x, torch.arange(T))
    assert_close(plain.float(), exact, rtol=0.1, atol=0.1)


def test_the_names_of_the_parameters():
    names = {f"{name}_proj.weight" for name in "qkvo"}
    assert set(make(qkv_bias=False).state_dict()) == names
    assert set(make().state_dict()) == names | {f"{name}_proj.bias" for name in "qkv"}
    assert set(make(qkv_bias=False, o_bias=True).state_dict()) == names | {"o_proj.bias"}


@pytest.mark.parametrize(("n_heads", "n_kv_heads"), [(6, 4), (6, 0), (0, 1), (2, 4)])
def test_heads_that_do_not_form_groups_are_an_error(n_heads, n_kv_heads):
    message = f"n_heads={n_heads} is not a multiple of n_kv_heads={n_kv_heads}"
    with pytest.raises(ValueError, match=message):
        GroupedQueryAttention(24, n_heads, n_kv_heads)


def test_a_width_that_does_not_divide_needs_a_head_dim():
    with pytest.raises(ValueError, match="dim=20 is not a multiple of n_heads=6"):
        GroupedQueryAttention(20, 6, 2)
    assert GroupedQueryAttention(20, 6, 2, head_dim=8).q_proj.out_features == 48


def test_a_window_below_one_is_an_error():
    with pytest.raises(ValueError, match="window=0"):
        make(window=0)
