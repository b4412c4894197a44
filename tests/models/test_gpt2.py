import pytest
import torch
import transformers
from torch import nn
from torch.testing import assert_close

from llm_book.generation.generate import generate
from llm_book.models.causal_lm import count_parameters, published_name
from llm_book.models.gpt2 import (
    GPT2,
    GPT2_1_5B,
    GPT2_124M,
    GPT2_355M,
    GPT2_774M,
    WEIGHT_NAMES,
    GPT2Config,
)

V, N, B, T = 97, 256, 3, 24
SIZES = {"vocab_size": V, "context_length": N, "dim": 48, "n_layers": 3, "n_heads": 4}
TOLERANCE = {"rtol": 1e-4, "atol": 1e-4}


def reference(**options):
    """A GPT2LMHeadModel in which no parameter has the value it is usually initialized to."""
    torch.manual_seed(0)
    config = transformers.GPT2Config(
        vocab_size=V, n_positions=N, n_embd=48, n_layer=3, n_head=4, bos_token_id=None,
        eos_token_id=None, **options,
    )  # fmt: skip
    theirs = transformers.GPT2LMHeadModel(config).eval()
    for name, parameter in theirs.named_parameters():
        if name.endswith("bias"):
            nn.init.normal_(parameter, std=0.2)
        elif parameter.dim() == 1:
            nn.init.normal_(parameter, mean=1, std=0.2)
        elif "wte" in name or "wpe" in name or "lm_head" in name:
            nn.init.normal_(parameter, std=48**-0.5)
        else:  # Conv1D: (in, out)
            nn.init.normal_(parameter, std=parameter.shape[0] ** -0.5)
    return theirs


def ours_with_weights_of(theirs, **options):
    """Load by WEIGHT_NAMES, as a loader of published files does."""
    model = GPT2(GPT2Config(**SIZES, **options)).eval()
    published = {
        name.removeprefix("transformer."): weight for name, weight in theirs.state_dict().items()
    }
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            source, transposed = published_name(name, WEIGHT_NAMES)
            parameter.copy_(published[source].t() if transposed else published[source])
    return model


CASES = {
    "published": ({}, {}),
    "untied": ({"tie_word_embeddings": False}, {"tie_embeddings": False}),
    "other width, eps, and gelu": (
        {"n_inner": 80, "layer_norm_epsilon": 0.1, "activation_function": "gelu"},
        {"hidden_dim": 80, "norm_eps": 0.1, "exact_gelu": True},
    ),
}


@pytest.fixture(scope="module", params=CASES)
def pair(request):
    theirs_options, ours_options = CASES[request.param]
    theirs = reference(**theirs_options)
    return theirs, ours_with_weights_of(theirs, **ours_options)


@pytest.fixture
def tokens():
    torch.manual_seed(1)
    return torch.randint(V, (B, T))


@pytest.fixture
def model():
    return ours_with_weights_of(reference())


@torch.no_grad()
def test_logits_equal_transformers(pair, tokens):
    theirs, ours = pair
    expected = theirs(tokens).logits
    assert 0.5 < expected.std() < 20
    assert_close(ours(tokens), expected, **TOLERANCE)


@torch.no_grad()
@pytest.mark.parametrize("sizes", [[1] * 24, [10, 9, 5], [23, 1]], ids=str)
def test_cached_logits_equal_transformers(pair, tokens, sizes):
    theirs, ours = pair
    cache = ours.make_cache(B, N)
    logits = torch.cat([ours(part, cache) for part in tokens.split(sizes, 1)], 1)
    assert_close(logits, theirs(tokens).logits, **TOLERANCE)


@torch.no_grad()
def test_a_padded_batch_equals_transformers_row_by_row(pair, tokens):
    theirs, ours = pair
    pads = torch.tensor([0, 5, 20])
    logits = ours(tokens, positions=torch.arange(T) - pads[:, None])
    assert logits.isfinite().all()
    for row, pad in enumerate(pads.tolist()):
        expected = theirs(tokens[row : row + 1, pad:]).logits
        assert_close(logits[row : row + 1, pad:], expected, **TOLERANCE)


def test_a_greedy_continuation_of_200_tokens_equals_transformers(pair, tokens):
    theirs, ours = pair
    expected = theirs.generate(tokens, max_new_tokens=200, do_sample=False, pad_token_id=0)
    assert generate(ours, tokens, 200) == expected[:, T:].tolist()


def test_gradients_equal_transformers(tokens):
    theirs = reference()
    ours = ours_with_weights_of(theirs)
    upstream = torch.randn(B, T, V)
    theirs(tokens).logits.backward(upstream)
    ours(tokens).backward(upstream)
    names = dict(theirs.named_parameters())
    for name, parameter in ours.named_parameters():
        source, transposed = published_name(name, WEIGHT_NAMES)
        expected = names[f"transformer.{source}"].grad
        assert_close(parameter.grad, expected.t() if transposed else expected, **TOLERANCE)


@torch.no_grad()
def test_future_tokens_do_not_change_the_past(model, tokens):
    changed = tokens.clone()
    changed[:, 10:] = (changed[:, 10:] + 1) % V
    before, after = model(tokens), model(changed)
    assert_close(after[:, :10], before[:, :10], rtol=1e-5, atol=1e-5)
    assert not torch.allclose(after[:, 10:], before[:, 10:])


@torch.no_grad()
def test_a_row_of_a_batch_equals_the_row_alone(model, tokens):
    together = model(tokens)
    for row in range(B):
        assert_close(together[row : row + 1], model(tokens[row : row + 1]), **TOLERANCE)


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (GPT2_124M, 124_439_808),
        (GPT2_355M, 354_823_168),
        (GPT2_774M, 774_030_080),
        (GPT2_1_5B, 1_557_611_200),
    ],
    ids=["124M", "355M", "774M", "1.5B"],
)
def test_the_presets_have_the_published_number_of_parameters(config, expected):
    with torch.device("meta"):
        assert count_parameters(GPT2(config)) == expected


def test_an_untied_head_has_its_own_matrix():
    sizes = {"dim": 768, "n_layers": 12, "n_heads": 12}
    with torch.device("meta"):
        model = GPT2(GPT2Config(**sizes, tie_embeddings=False))
    assert count_parameters(model) == 163_037_184


def test_a_tied_head_shares_its_memory_after_loading(model):
    assert model.head.weight is model.embedding.token.weight


def test_every_parameter_has_a_published_name():
    model, theirs = GPT2(GPT2Config(**SIZES)), reference()
    names = {published_name(name, WEIGHT_NAMES)[0] for name, _ in model.named_parameters()}
    expected = {name.removeprefix("transformer.") for name, _ in theirs.named_parameters()}
    assert names == expected


def test_no_mask_is_in_the_state_dict():
    model = GPT2(GPT2Config(**SIZES))
    tied = {"head.weight"}
    assert set(model.state_dict()) == {name for name, _ in model.named_parameters()} | tied


def test_new_weights_are_small_and_smaller_where_a_layer_adds_to_the_stream():
    torch.manual_seed(0)
    model = GPT2(GPT2Config(vocab_size=300, dim=128, n_layers=8, n_heads=4))
    block = model.blocks[3]
    for weight in (
        model.head.weight,
        model.embedding.position.weight,
        block.attention.qkv_proj.weight,
    ):
        assert weight.std().item() == pytest.approx(0.02, rel=0.05)
    for layer in (block.attention.o_proj, block.feed_forward.down_proj):
        assert layer.weight.std().item() == pytest.approx(0.02 / 4, rel=0.05)
        assert layer.bias.abs().max() == 0


def test_the_first_loss_is_that_of_guessing():
    torch.manual_seed(0)
    model, tokens = GPT2(GPT2Config(**SIZES)), torch.randint(V, (4, 64))
    loss = nn.functional.cross_entropy(model(tokens)[:, :-1].flatten(0, 1), tokens[:, 1:].flatten())
    assert loss.item() == pytest.approx(torch.tensor(V).log().item(), abs=0.1)


def test_dropout_acts_in_training_only(tokens):
    torch.manual_seed(0)
    model = GPT2(GPT2Config(**SIZES, dropout=0.3))
    assert not torch.allclose(model(tokens), model(tokens))
    model.eval()
    plain = GPT2(GPT2Config(**SIZES))
    plain.load_state_dict(model.state_dict())
    assert_close(model(tokens), plain(tokens))


def test_it_learns_one_batch_by_heart(tokens):
    torch.manual_seed(0)
    model = GPT2(GPT2Config(vocab_size=V, context_length=T, dim=48, n_layers=2, n_heads=4))
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for _ in range(80):
        logits = model(tokens[:, :-1])
        loss = nn.functional.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.1


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
@torch.no_grad()
def test_the_dtype_is_kept(model, tokens, dtype):
    expected = model(tokens)
    model = model.to(dtype)
    logits = model(tokens, model.make_cache(B, N))
    assert logits.dtype == dtype
    tolerance = 1e-4 if dtype == torch.float64 else 0.3
    assert_close(logits.float(), expected, rtol=0, atol=tolerance)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n_heads": 5}, "dim=48 is not a multiple of n_heads=5"),
        ({"n_layers": 0}, "n_layers=0, expected at least 1"),
        ({"hidden_dim": 0}, "hidden_dim=0, expected at least 1"),
        ({"vocab_size": -1}, "vocab_size=-1, expected at least 1"),
        ({"dropout": 1.0}, "dropout=1.0, expected at least 0 and below 1"),
    ],
)
def test_a_wrong_size_is_an_error(changes, message):
    with pytest.raises(ValueError, match=message):
        GPT2Config(**SIZES | changes)


def test_positions_past_the_context_are_an_error(model, tokens):
    with pytest.raises(ValueError, match="out of range"):
        model(tokens, positions=torch.arange(N - T + 1, N + 1))
