import pytest
import torch
from torch import nn
from torch.testing import assert_close

from llm_book.generation.generate import OneDnnLinear, generate, stream, use_onednn
from llm_book.generation.sampling import sample
from llm_book.models.gpt2 import GPT2, GPT2Config

V, N = 53, 40
UNEQUAL = [[5, 9, 2, 41, 7, 7, 30], [17], [3, 3, 50, 1]]


SIZES = {"vocab_size": V, "context_length": N, "dim": 24, "n_layers": 2, "n_heads": 3}


@pytest.fixture
def model():
    torch.manual_seed(0)
    model = GPT2(GPT2Config(**SIZES, tie_embeddings=False))  # tied, it would repeat itself
    for parameter in model.parameters():
        if parameter.dim() == 2:
            nn.init.normal_(parameter, std=0.5)
    return model.eval()


@torch.no_grad()
def naive(model, prompt, max_new_tokens):
    """Greedy continuation as one writes it first: the whole row through the model every time."""
    ids = list(prompt)
    for _ in range(max_new_tokens):
        ids.append(int(model(torch.tensor([ids[-N:]]))[0, -1].argmax()))
    return ids[len(prompt) :]


@pytest.mark.parametrize("use_cache", [True, False])
@pytest.mark.parametrize("prompt", UNEQUAL, ids=len)
def test_greedy_equals_the_naive_loop(model, prompt, use_cache):
    assert generate(model, [prompt], 20, use_cache=use_cache) == [naive(model, prompt, 20)]


@pytest.mark.parametrize("use_cache", [True, False])
def test_unequal_prompts_continue_as_each_alone(model, use_cache):
    expected = [naive(model, prompt, 25) for prompt in UNEQUAL]
    assert generate(model, UNEQUAL, 25, use_cache=use_cache) == expected


def test_a_tensor_of_prompts_equals_a_list(model):
    prompts = torch.tensor([[1, 2, 3], [4, 5, 6]])
    assert generate(model, prompts, 9) == generate(model, prompts.tolist(), 9)


@pytest.mark.parametrize("limits", [{}, {"top_k": 5}, {"top_p": 0.8}, {"top_k": 9, "top_p": 0.9}])
def test_draws_with_and_without_a_cache_are_the_same(model, limits):
    rows = [
        generate(
            model, UNEQUAL, 20, temperature=0.9, use_cache=use_cache,
            generator=torch.Generator().manual_seed(3), **limits,
        )
        for use_cache in (True, False)
    ]  # fmt: skip
    assert rows[0] == rows[1]


def test_a_generator_makes_draws_repeatable_and_rows_differ(model):
    rows, again, other = (
        generate(
            model, [[1, 2]] * 3, 20, temperature=2.0, generator=torch.Generator().manual_seed(seed)
        )
        for seed in (7, 7, 8)
    )
    assert rows == again
    assert rows != other
    assert rows[0] != rows[1]


def test_stream_yields_what_generate_returns(model):
    steps = list(stream(model, UNEQUAL, 12))
    assert [list(row) for row in zip(*steps, strict=True)] == generate(model, UNEQUAL, 12)


@pytest.mark.parametrize("use_cache", [True, False])
def test_each_row_ends_at_its_own_end(model, use_cache):
    free = generate(model, UNEQUAL, 25)
    eos_id = free[0][3]
    expected = [row[: row.index(eos_id) + 1] if eos_id in row else row for row in free]
    assert len({len(row) for row in expected}) > 1
    assert generate(model, UNEQUAL, 25, eos_id=eos_id, use_cache=use_cache) == expected


def test_several_ids_may_end_a_row(model):
    free = generate(model, UNEQUAL, 25)
    ends = {free[0][3], free[1][6]}
    for row, whole in zip(generate(model, UNEQUAL, 25, eos_id=ends), free, strict=True):
        first = min((whole.index(end) for end in ends if end in whole), default=24)
        assert row == whole[: first + 1]


def test_stream_gives_none_after_the_end_of_a_row(model):
    free = generate(model, UNEQUAL, 25)
    eos_id = free[0][3]
    steps = list(stream(model, UNEQUAL, 25, eos_id=eos_id))
    first_row = [step[0] for step in steps]
    end = first_row.index(eos_id)
    assert set(first_row[end + 1 :]) <= {None}


def test_generation_stops_when_all_rows_have_ended(model):
    free = generate(model, [UNEQUAL[0]], 25)[0]
    steps = list(stream(model, [UNEQUAL[0]], 25, eos_id=free[4]))
    assert len(steps) == free.index(free[4]) + 1


def test_two_streams_at_once_do_not_disturb_each_other(model):
    prompts = [[1, 2, 3]], [[9, 8, 7, 6]]
    pairs = zip(*(stream(model, prompt, 15) for prompt in prompts), strict=True)
    both = [[step[0] for step in row] for row in zip(*pairs, strict=True)]
    assert both == [generate(model, prompt, 15)[0] for prompt in prompts]


@pytest.mark.parametrize("n_new", [0, 1, 5])
def test_the_model_reads_each_token_once_and_never_the_last(model, n_new, monkeypatch):
    read = []
    hidden_states = model.hidden_states
    monkeypatch.setattr(
        model, "hidden_states", lambda t, *rest: read.append(t.shape[1]) or hidden_states(t, *rest)
    )
    assert len(generate(model, [[1, 2, 3]], n_new)[0]) == n_new
    assert read == ([3] + [1] * (n_new - 1) if n_new else [])


def test_the_head_reads_the_last_token_alone(model):
    shapes = []
    model.head.register_forward_hook(lambda *call: shapes.append(tuple(call[2].shape)))
    generate(model, UNEQUAL, 3)
    assert shapes == [(3, V)] * 3


def test_mode_gradients_and_weights_are_left_as_they_are(model):
    torch.manual_seed(0)
    model = GPT2(
        GPT2Config(vocab_size=V, context_length=N, dim=24, n_layers=2, n_heads=3, dropout=0.5)
    )
    model.blocks[1].eval()
    modes = [module.training for module in model.modules()]
    weights = {name: weight.clone() for name, weight in model.state_dict().items()}
    rows = generate(model, UNEQUAL, 10)
    assert [module.training for module in model.modules()] == modes
    assert all(p.grad is None and p.requires_grad for p in model.parameters())
    for name, weight in model.state_dict().items():
        assert_close(weight, weights[name], rtol=0, atol=0)
    assert rows == generate(model.eval(), UNEQUAL, 10)  # no dropout was at work


def test_between_two_steps_mode_and_gradients_are_the_callers(model):
    model.train()
    for _ in stream(model, [[1, 2]], 3):
        assert model.training
        assert torch.is_grad_enabled()
        assert not torch.is_inference_mode_enabled()


def test_no_gradients_are_recorded_while_a_step_runs(model):
    recorded = []
    model.head.register_forward_hook(lambda *call: recorded.append(torch.is_grad_enabled()))
    generate(model, UNEQUAL, 2)
    assert recorded == [False, False]


def test_a_model_that_generated_can_be_trained(model):
    generate(model, UNEQUAL, 5)
    model(torch.tensor([[1, 2, 3]])).sum().backward()
    assert all(parameter.grad is not None for parameter in model.parameters())


@pytest.mark.parametrize("use_cache", [True, False])
def test_the_context_may_be_filled_to_the_last_position(model, use_cache):
    expected = [naive(model, UNEQUAL[0], N - 7)]
    assert generate(model, UNEQUAL[:1], N - 7, use_cache=use_cache) == expected


@pytest.mark.parametrize("use_cache", [True, False])
def test_a_sliding_row_equals_the_naive_loop_over_the_last_tokens(model, use_cache):
    expected = [naive(model, prompt, 2 * N) for prompt in UNEQUAL]
    assert generate(model, UNEQUAL, 2 * N, slide=True, use_cache=use_cache) == expected


def test_a_prompt_longer_than_the_context_slides_too(model):
    prompt = [token % V for token in range(3, N + 12)]
    assert generate(model, [prompt], 5, slide=True) == [naive(model, prompt, 5)]


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64])
def test_every_dtype_generates(model, dtype):
    rows = generate(model.to(dtype), UNEQUAL, 8)
    assert [len(row) for row in rows] == [8, 8, 8]


@pytest.mark.parametrize(
    ("prompts", "message"),
    [
        ([[1], []], "prompt 1 is empty"),
        (torch.zeros(2, 0, dtype=torch.int64), "prompt 0 is empty"),
        ([], "prompts must be"),
        ([1, 2, 3], "prompts must be"),
        (torch.tensor([1, 2, 3]), "prompts must be"),
        ([[1.5, 2.0]], "expected integers"),
        (["ab"], "prompt 'ab' is text, expected token ids: encode it first"),
        ([[1, 2], ["a", "b"]], r"prompt \['a', 'b'\] is text, expected token ids"),
        ([[1, V]], f"token id {V} is outside the vocabulary of {V}"),
        ([[1, 2], [-1]], f"token id -1 is outside the vocabulary of {V}"),
        ([[1] * 35], "35 tokens and 6 new ones do not fit the context length 40"),
        ([[1] * 41, [2]], "41 tokens and 6 new ones do not fit the context length 40"),
    ],
    ids=str,
)
@pytest.mark.parametrize("function", [generate, stream])
def test_a_wrong_prompt_is_an_error_at_once(model, function, prompts, message):
    with pytest.raises(ValueError, match=message):
        function(model, prompts, 6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"temperature": -1.0}, "temperature=-1.0"),
        ({"top_k": 0}, "top_k=0"),
        ({"top_p": 0.0}, "top_p=0.0"),
        ({"top_p": 1.01}, "top_p=1.01"),
        ({"max_new_tokens": -1}, "max_new_tokens=-1, expected at least 0"),
    ],
)
@pytest.mark.parametrize("function", [generate, stream])
def test_a_wrong_number_is_an_error_at_once(model, function, arguments, message):
    with pytest.raises(ValueError, match=message):
        function(model, [[1]], **{"max_new_tokens": 3, **arguments})


@pytest.mark.parametrize("limits", [{"top_k": V + 100}, {"top_k": 3}, {"top_p": 0.5}])
def test_a_batch_with_limits_and_an_end_works(model, limits):
    rows = generate(
        model, UNEQUAL, 15, temperature=1.0, eos_id=4,
        generator=torch.Generator().manual_seed(0), **limits,
    )  # fmt: skip
    assert all(4 not in row[:-1] and len(row) <= 15 for row in rows)


def test_the_next_token_is_a_draw_from_the_last_logits(model):
    logits = model(torch.tensor([UNEQUAL[0]]))[:, -1]
    expected = sample(logits, 0.7, 10, 0.9, torch.Generator().manual_seed(1))
    drawn = generate(
        model, [UNEQUAL[0]], 1, temperature=0.7, top_k=10, top_p=0.9,
        generator=torch.Generator().manual_seed(1),
    )  # fmt: skip
    assert drawn == [expected.tolist()]


@pytest.mark.parametrize("n_tokens", [1, 7])
@torch.no_grad()
def test_onednn_gives_the_numbers_of_mkl(n_tokens):
    torch.manual_seed(0)
    plain, x = nn.Linear(96, 50), torch.randn(2, n_tokens, 96)
    expected = plain(x)
    use_onednn(plain)
    assert isinstance(plain, OneDnnLinear)
    assert_close(plain(x), expected, rtol=1e-5, atol=1e-5)


def test_a_model_that_uses_onednn_has_the_same_weights_and_learns(model):
    names, ids = list(model.state_dict()), naive(model, UNEQUAL[0], 20)
    use_onednn(model)
    assert list(model.state_dict()) == names
    assert generate(model, [UNEQUAL[0]], 20) == [ids]
    model(torch.tensor([UNEQUAL[0]])).sum().backward()
    assert all(parameter.grad is not None for parameter in model.parameters())


def test_a_tied_head_stays_tied_with_onednn():
    model = GPT2(GPT2Config(**SIZES))
    use_onednn(model)
    assert isinstance(model.head, OneDnnLinear)
    assert model.head.weight is model.embedding.token.weight


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64])
@torch.no_grad()
def test_onednn_leaves_other_dtypes_to_torch(dtype):
    layer, x = nn.Linear(8, 4).to(dtype), torch.randn(3, 8, dtype=dtype)
    expected = layer(x)
    use_onednn(layer)
    assert_close(layer(x), expected, rtol=0, atol=0)
