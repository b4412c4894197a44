import pytest
import torch
import transformers
from torch.utils.flop_counter import FlopCounterMode

from llm_book.analysis.cost import (
    BITS,
    arithmetic_intensity,
    attainable_rate,
    attended_tokens,
    attention_weights,
    cache_bytes,
    decoding_limit,
    feed_forward_weights,
    flops_utilization,
    forward_flops,
    key_value_numbers,
    latent_numbers,
    matrix_weights,
    n_bytes,
    parameters,
    training_flops,
)
from llm_book.models.causal_lm import count_parameters
from llm_book.models.gpt2 import (
    GPT2,
    GPT2_1_5B,
    GPT2_124M,
    GPT2_355M,
    GPT2_774M,
    GPT2Config,
)
from llm_book.nn.kv_cache import KVCache
from llm_book.nn.multi_head_attention import MultiHeadAttention

SMALL = GPT2Config(vocab_size=50, context_length=64, dim=32, n_layers=3, n_heads=4)
NARROW = GPT2Config(vocab_size=50, context_length=64, dim=32, n_layers=2, n_heads=2, hidden_dim=7)
GPT2S = {
    "124M": (GPT2_124M, 124_439_808),
    "355M": (GPT2_355M, 354_823_168),
    "774M": (GPT2_774M, 774_030_080),
    "1.5B": (GPT2_1_5B, 1_557_611_200),
}
LLAMA_3_8B = {
    "vocab_size": 128_256,
    "dim": 4096,
    "n_layers": 32,
    "n_heads": 32,
    "n_kv_heads": 8,
    "head_dim": 128,
    "hidden_dim": 14_336,
    "gated": True,
}


def gpt2_weights(config):
    return matrix_weights(
        vocab_size=config.vocab_size,
        dim=config.dim,
        n_layers=config.n_layers,
        n_heads=config.n_heads,
        n_kv_heads=config.n_heads,
        head_dim=config.dim // config.n_heads,
        hidden_dim=config.hidden_dim or 4 * config.dim,
    )


def gpt2_parameters(config):
    hidden_dim = config.hidden_dim or 4 * config.dim
    in_a_layer = 9 * config.dim + hidden_dim  # two norms of 2 C; biases of 3 C, C, F, and C
    return parameters(
        weights=gpt2_weights(config),
        vocab_size=config.vocab_size,
        dim=config.dim,
        tied=config.tie_embeddings,
        n_positions=config.context_length,
        vectors=config.n_layers * in_a_layer + 2 * config.dim,
    )


def gpt2_flops(config, context):
    return forward_flops(
        weights=gpt2_weights(config),
        n_heads=config.n_heads,
        head_dim=config.dim // config.n_heads,
        attended=attended_tokens(context, [None] * config.n_layers),
    )


def counted(function):
    """The operations that PyTorch counts. The meta device runs attention as plain products."""
    counter = FlopCounterMode(display=False)
    with counter:
        function()
    return counter.get_total_flops()


def on_meta(config):
    with torch.device("meta"):
        return GPT2(config)


def ids(n_tokens):
    return torch.zeros(1, n_tokens, dtype=torch.long, device="meta")


@pytest.mark.parametrize(("config", "published"), GPT2S.values(), ids=GPT2S)
def test_gpt2_has_the_published_number_of_parameters(config, published):
    assert gpt2_parameters(config) == published == count_parameters(on_meta(config))


@pytest.mark.parametrize("tied", [True, False])
def test_parameters_of_a_model_of_odd_sizes_equal_the_count(tied):
    config = GPT2Config(
        vocab_size=51, context_length=9, dim=12, n_layers=2, n_heads=3, hidden_dim=7,
        tie_embeddings=tied,
    )  # fmt: skip
    assert gpt2_parameters(config) == count_parameters(GPT2(config))


PUBLISHED = {
    "Llama-2-7B": (
        "LlamaForCausalLM",
        {"vocab_size": 32_000, "dim": 4096, "n_layers": 32, "n_heads": 32, "n_kv_heads": 32,
         "head_dim": 128, "hidden_dim": 11_008, "gated": True},
        {"tied": False, "vectors": 32 * 2 * 4096 + 4096},
        6_738_415_616,
    ),
    "Llama-3-8B": (
        "LlamaForCausalLM",
        LLAMA_3_8B,
        {"tied": False, "vectors": 32 * 2 * 4096 + 4096},
        8_030_261_248,
    ),
    "Qwen3-0.6B": (
        "Qwen3ForCausalLM",
        {"vocab_size": 151_936, "dim": 1024, "n_layers": 28, "n_heads": 16, "n_kv_heads": 8,
         "head_dim": 128, "hidden_dim": 3072, "gated": True},
        {"tied": True, "vectors": 28 * 2 * (1024 + 128) + 1024},
        596_049_920,
    ),
    "Gemma-3-270M": (
        "Gemma3ForCausalLM",
        {"vocab_size": 262_144, "dim": 640, "n_layers": 18, "n_heads": 4, "n_kv_heads": 1,
         "head_dim": 256, "hidden_dim": 2048, "gated": True},
        {"tied": True, "vectors": 18 * (4 * 640 + 2 * 256) + 640},
        268_098_176,
    ),
}  # fmt: skip


def theirs_on_meta(family, sizes, tied):
    config = getattr(transformers, family).config_class(
        vocab_size=sizes["vocab_size"],
        hidden_size=sizes["dim"],
        num_hidden_layers=sizes["n_layers"],
        num_attention_heads=sizes["n_heads"],
        num_key_value_heads=sizes["n_kv_heads"],
        head_dim=sizes["head_dim"],
        intermediate_size=sizes["hidden_dim"],
        tie_word_embeddings=tied,
        attn_implementation="eager",
    )
    with torch.device("meta"):
        return getattr(transformers, family)(config)


@pytest.mark.parametrize(
    ("family", "sizes", "rest", "published"), PUBLISHED.values(), ids=PUBLISHED
)
def test_other_models_have_the_published_number_of_parameters(family, sizes, rest, published):
    counts = {"vocab_size": sizes["vocab_size"], "dim": sizes["dim"]} | rest
    total = parameters(weights=matrix_weights(**sizes), **counts)
    assert total == published == count_parameters(theirs_on_meta(family, sizes, rest["tied"]))


@pytest.mark.parametrize("config", [GPT2_124M, SMALL, NARROW], ids=["124M", "small", "narrow"])
@pytest.mark.parametrize("n_tokens", [1, 2, 17, 64])
def test_forward_flops_of_a_prompt_equal_pytorchs_counter(config, n_tokens):
    model = on_meta(config)
    expected = n_tokens * gpt2_flops(config, n_tokens)
    assert counted(lambda: model(ids(n_tokens))) == expected


@pytest.mark.parametrize("context", [1, 2, 33, 64])
def test_forward_flops_of_a_cached_token_equal_pytorchs_counter(context):
    model = on_meta(SMALL)
    cache = model.make_cache(1, 64)
    if context > 1:
        model(ids(context - 1), cache)
    assert counted(lambda: model(ids(1), cache)) == gpt2_flops(SMALL, context)


def test_forward_flops_of_gpt2_at_its_full_context():
    model = on_meta(GPT2_124M)
    assert counted(lambda: model(ids(1024))) == 1024 * gpt2_flops(GPT2_124M, 1024)
    assert gpt2_flops(GPT2_124M, 1024) == 284_812_800


def test_forward_flops_with_fewer_key_value_heads_and_a_gate_equal_pytorchs_counter():
    sizes = {"vocab_size": 60, "dim": 24, "n_layers": 3, "n_heads": 6, "n_kv_heads": 2,
             "head_dim": 16, "hidden_dim": 40, "gated": True}  # fmt: skip
    model = theirs_on_meta("LlamaForCausalLM", sizes, tied=False)
    mask = torch.zeros(1, 1, 32, 32, device="meta")
    real = counted(lambda: model(ids(32), attention_mask=mask, use_cache=False))
    per_token = forward_flops(
        weights=matrix_weights(**sizes),
        n_heads=6,
        head_dim=16,
        attended=attended_tokens(32, [None] * 3),
    )
    assert real == 32 * per_token


@pytest.mark.parametrize("context", [1, 7, 8, 20])
def test_a_window_bounds_attention_as_pytorchs_counter_says(context):
    with torch.device("meta"):
        layer = MultiHeadAttention(32, 4, bias=False, window=8)
    cache = layer.make_cache(1, 32, device="meta")
    for position in range(context - 1):
        layer(torch.empty(1, 1, 32, device="meta"), torch.tensor([position], device="meta"), cache)
    x, positions = torch.empty(1, 1, 32, device="meta"), torch.tensor([context], device="meta")
    expected = forward_flops(
        weights=attention_weights(dim=32, n_heads=4, n_kv_heads=4, head_dim=8),
        n_heads=4,
        head_dim=8,
        attended=attended_tokens(context, [8]),
    )
    assert counted(lambda: layer(x, positions, cache)) == expected


@pytest.mark.parametrize("config", [GPT2_124M, SMALL], ids=["124M", "small"])
def test_training_flops_equal_pytorchs_counter_forward_and_back(config):
    model = on_meta(config)
    real = counted(lambda: model(ids(48)).sum().backward())
    assert real == 48 * training_flops(gpt2_flops(config, 48))


def test_six_times_the_parameters_is_close_for_a_short_context_and_low_for_a_long_one():
    rule = 6 * gpt2_parameters(GPT2_124M)
    assert training_flops(gpt2_flops(GPT2_124M, 1)) == pytest.approx(rule, rel=0.01)
    assert training_flops(gpt2_flops(GPT2_124M, 1024)) > 1.14 * rule


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
def test_weights_take_the_bytes_of_real_tensors(dtype):
    model = GPT2(SMALL).to(getattr(torch, dtype))
    real = sum(parameter.nbytes for parameter in model.parameters())
    assert n_bytes(gpt2_parameters(SMALL), dtype) == real


def test_int4_packs_two_numbers_into_a_byte():
    assert [n_bytes(n, "int4") for n in (1, 2, 3)] == [1, 1, 2]


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize(("n_kv_heads", "head_dim"), [(4, 8), (2, 8), (1, 16)])
def test_a_token_in_a_real_cache_takes_the_bytes_of_the_formula(n_kv_heads, head_dim, dtype):
    cache = KVCache(3, 10, (n_kv_heads, head_dim), dtype=getattr(torch, dtype))
    numbers = key_value_numbers(n_kv_heads=n_kv_heads, head_dim=head_dim)
    assert cache_bytes(numbers=numbers, attended=1, dtype=dtype) == cache.bytes_per_token


def test_a_cache_of_all_layers_takes_the_bytes_of_the_formula():
    cache = GPT2(SMALL).make_cache(2, 40)
    numbers = key_value_numbers(n_kv_heads=4, head_dim=8)
    attended = attended_tokens(40, [None] * 3)
    real = sum(layer.keys.nbytes + layer.values.nbytes for layer in cache)
    assert 2 * cache_bytes(numbers=numbers, attended=attended, dtype="float32") == real


@pytest.mark.parametrize("context", [5, 8, 30])
def test_a_cache_with_windows_takes_the_bytes_of_the_formula(context):
    windows = [8, 8, None]
    caches = [KVCache(1, context, (1, 16), window=window) for window in windows]
    real = sum(cache.keys.nbytes + cache.values.nbytes for cache in caches)
    numbers = key_value_numbers(n_kv_heads=1, head_dim=16)
    attended = attended_tokens(context, windows)
    assert cache_bytes(numbers=numbers, attended=attended, dtype="float32") == real


def test_a_latent_cache_takes_the_bytes_of_the_formula():
    cache = KVCache(1, 10, (512,), (64,), dtype=torch.bfloat16)
    numbers = latent_numbers(rank=512, rope_dim=64)
    assert cache_bytes(numbers=numbers, attended=1, dtype="bfloat16") == cache.bytes_per_token


@pytest.mark.parametrize(
    ("numbers", "n_layers", "published"),
    [
        (latent_numbers(rank=512, rope_dim=64), 61, 70_272),  # DeepSeek-V3
        (key_value_numbers(n_kv_heads=8, head_dim=128), 80, 327_680),  # Qwen2.5-72B
        (key_value_numbers(n_kv_heads=8, head_dim=128), 126, 516_096),  # Llama-3.1-405B
    ],
    ids=["DeepSeek-V3", "Qwen2.5-72B", "Llama-3.1-405B"],
)
def test_a_token_takes_what_deepseeks_comparison_says(numbers, n_layers, published):
    attended = attended_tokens(1, [None] * n_layers)  # arXiv:2505.09343, table 1
    assert cache_bytes(numbers=numbers, attended=attended, dtype="bfloat16") == published


def test_llama_3_8b_keeps_a_gibibyte_of_8192_tokens():
    numbers = key_value_numbers(n_kv_heads=8, head_dim=128)
    attended = attended_tokens(8192, [None] * 32)
    assert cache_bytes(numbers=numbers, attended=attended, dtype="bfloat16") == 2**30


def test_one_cached_token_uses_each_number_that_it_reads_for_two_operations():
    numbers = key_value_numbers(n_kv_heads=12, head_dim=64) * attended_tokens(1000, [None] * 12)
    read = n_bytes(gpt2_weights(GPT2_124M) + numbers, "float32")
    assert arithmetic_intensity(gpt2_flops(GPT2_124M, 1000), read) == 2 / 4


def test_weights_of_a_layer_by_hand():
    sizes = {"dim": 10, "n_heads": 4, "n_kv_heads": 2, "head_dim": 3}
    assert attention_weights(**sizes) == 10 * 12 + 2 * (10 * 6) + 12 * 10
    assert feed_forward_weights(dim=10, hidden_dim=7) == 140
    assert feed_forward_weights(dim=10, hidden_dim=7, gated=True) == 210


def test_the_roofline_rises_with_the_intensity_up_to_the_peak():
    machine = {"peak": 200, "bandwidth": 10}
    rates = [attainable_rate(intensity, **machine) for intensity in (0.5, 19, 20, 1000)]
    assert rates == [5, 190, 200, 200]


def test_rows_share_the_weights_but_not_their_caches():
    machine = {"bandwidth": 100, "weight_bytes": 20}
    assert decoding_limit(**machine) == 5
    assert decoding_limit(**machine, batch_size=4) == 20
    assert decoding_limit(**machine, cache_bytes=5) == 4
    assert decoding_limit(**machine, cache_bytes=5, batch_size=4) == 10


def test_utilization_is_the_share_of_the_peak():
    used = flops_utilization(tokens_per_second=50, flops_per_token=6, peak=1000)
    assert used == pytest.approx(0.3)


def test_the_published_utilization_of_palm_follows():
    # arXiv:2204.02311, appendix B: 540B, 118 layers, 48 heads of 256, 2048 tokens, 6144 chips
    flops = training_flops(
        forward_flops(
            weights=540_350_000_000,
            n_heads=48,
            head_dim=256,
            attended=attended_tokens(2048, [None] * 118),
        )
    )
    share = flops_utilization(tokens_per_second=238_300, flops_per_token=flops, peak=6144 * 275e12)
    assert share == pytest.approx(0.462, abs=0.001)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: attention_weights(dim=8, n_heads=0, n_kv_heads=1, head_dim=4), "n_heads=0"),
        (lambda: feed_forward_weights(dim=-8, hidden_dim=4), "dim=-8"),
        (lambda: matrix_weights(**LLAMA_3_8B | {"n_layers": 0}), "n_layers=0"),
        (lambda: attended_tokens(0, [None]), "context=0"),
        (lambda: attended_tokens(4, [None, 0]), "window=0"),
        (lambda: key_value_numbers(n_kv_heads=0, head_dim=4), "n_kv_heads=0"),
        (lambda: latent_numbers(rank=0, rope_dim=4), "rank=0"),
        (lambda: arithmetic_intensity(1, 0), "n_bytes=0"),
        (lambda: attainable_rate(1, peak=0, bandwidth=1), "peak=0"),
        (lambda: decoding_limit(bandwidth=0, weight_bytes=1), "bandwidth=0"),
        (lambda: decoding_limit(bandwidth=1, weight_bytes=1, batch_size=0), "batch_size=0"),
        (lambda: flops_utilization(tokens_per_second=1, flops_per_token=1, peak=0), "peak=0"),
    ],
)
def test_a_size_that_is_not_above_zero_is_an_error(call, message):
    with pytest.raises(ValueError, match=f"{message}, expected more than 0"):
        call()


def test_an_unknown_dtype_is_an_error():
    with pytest.raises(LookupError, match=r"dtype='fp32', expected one of float32, .*int4"):
        n_bytes(1, "fp32")
    assert all(getattr(torch, name).itemsize * 8 == bits for name, bits in BITS.items()
               if name in ("float32", "bfloat16", "float16", "int8"))  # fmt: skip
