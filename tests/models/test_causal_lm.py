import pytest
import torch
from torch import nn
from torch.testing import assert_close

from llm_book.models.causal_lm import CausalLM, count_parameters, evaluating, published_name
from llm_book.models.gpt2 import GPT2, GPT2Config

V, N, B, T = 23, 16, 2, 9


@pytest.fixture
def model():
    torch.manual_seed(0)
    model = GPT2(GPT2Config(vocab_size=V, context_length=N, dim=12, n_layers=2, n_heads=3))
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.3)
    return model


@pytest.fixture
def tokens():
    torch.manual_seed(1)
    return torch.randint(V, (B, T))


def test_forward_is_the_head_of_the_hidden_states(model, tokens):
    hidden = model.hidden_states(tokens)
    assert hidden.shape == (B, T, 12)
    assert_close(model(tokens), model.head(hidden), rtol=0, atol=0)


def test_the_parts_run_in_order(model, tokens):
    positions = torch.arange(T)
    x = model.embed(tokens, positions)
    for block in model.blocks:
        x = block(x, positions)
    assert_close(model(tokens), model.head(model.norm(x)), rtol=0, atol=0)


def test_positions_begin_at_0_by_default(model, tokens):
    assert_close(model(tokens), model(tokens, positions=torch.arange(T)), rtol=0, atol=0)


def test_positions_go_on_where_the_cache_ends(model, tokens):
    cache = model.make_cache(B, N)
    parts = [model(part, cache) for part in tokens.split([4, 3, 2], 1)]
    assert_close(torch.cat(parts, 1), model(tokens), rtol=1e-5, atol=1e-5)


def test_every_block_has_its_own_cache_in_the_dtype_of_the_weights(model):
    cache = model.to(torch.bfloat16).make_cache(3, 5)
    assert len(cache) == len(model.blocks)
    assert len({id(memory) for memory in cache}) == len(cache)
    assert all(memory.keys.dtype == torch.bfloat16 for memory in cache)
    assert cache[0].keys.shape == (3, 5, 3, 4)


def test_a_subclass_may_do_without_a_position_embedding(tokens):
    class Plain(CausalLM):
        def __init__(self):
            super().__init__()
            self.config = GPT2Config(context_length=N, dim=4, n_layers=1, n_heads=1)
            self.embedding = nn.Embedding(V, 4)
            self.blocks = nn.ModuleList()
            self.norm = nn.Identity()
            self.head = nn.Linear(4, V)

    plain = Plain()
    assert plain.vocab_size == V
    assert_close(plain(tokens), plain.head(plain.embedding(tokens)))


@pytest.mark.parametrize("wrong", [-1, V, 10**9])
def test_an_id_outside_the_vocabulary_is_an_error(model, tokens, wrong):
    tokens[1, 3] = wrong
    with pytest.raises(ValueError, match=f"token id {wrong} is outside the vocabulary of {V}"):
        model(tokens)


def test_more_tokens_than_the_context_is_an_error(model):
    with pytest.raises(ValueError, match="17 tokens do not fit the context length 16"):
        model(torch.zeros(1, N + 1, dtype=torch.int64))
    cache = model.make_cache(1, N + 9)
    model(torch.zeros(1, N, dtype=torch.int64), cache)
    with pytest.raises(ValueError, match="17 tokens do not fit the context length 16"):
        model(torch.zeros(1, 1, dtype=torch.int64), cache)


def test_tokens_without_a_batch_are_an_error(model, tokens):
    with pytest.raises(ValueError, match=r"tokens have shape \(9,\), expected \(B, T\)"):
        model(tokens[0])


def test_the_meta_device_has_no_ids_to_check():
    with torch.device("meta"):
        model = GPT2(GPT2Config(dim=4, n_layers=1, n_heads=1))
        assert model(torch.zeros(1, 5, dtype=torch.int64)).shape == (1, 5, 50_257)


def test_a_matrix_used_twice_counts_once():
    layers = nn.ModuleList((nn.Linear(3, 5), nn.Linear(3, 5)))
    assert count_parameters(layers) == 2 * (15 + 5)
    layers[1].weight = layers[0].weight
    assert count_parameters(layers) == 15 + 2 * 5


def test_evaluating_gives_every_module_its_own_mode_back(model):
    model.train()
    model.blocks[0].eval()
    before = [module.training for module in model.modules()]
    with evaluating(model.modules()):
        assert not any(module.training for module in model.modules())
    assert [module.training for module in model.modules()] == before


def test_evaluating_gives_the_modes_back_after_an_error(model):
    with pytest.raises(ValueError, match="outside"), evaluating(model.modules()):
        model(torch.tensor([[V]]))
    assert all(module.training for module in model.modules())


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("blocks.3.up.weight", ("h.3.mlp.c_fc.weight", ".T")),
        ("blocks.11.up.bias", ("h.11.mlp.c_fc.bias", ".T")),
        ("blocks.2.experts.7.up.weight", ("layers.2.mlp.7.up.weight", "")),
        ("norm.weight", ("ln_f.weight", "")),
    ],
)
def test_a_published_name_keeps_numbers_and_leaf(name, expected):
    names = {
        "blocks.*.up": "h.*.mlp.c_fc.T",
        "blocks.*.experts.*.up": "layers.*.mlp.*.up",
        "norm": "ln_f",
    }
    assert published_name(name, names) == expected
