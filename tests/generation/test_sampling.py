import pytest
import torch
from torch.testing import assert_close

from llm_book.generation.sampling import sample

LOGITS = torch.tensor([[1.0, 3.0, 2.0, 0.0]])


def frequencies(logits, n=20_000, **arguments):
    """Share of each token among n draws."""
    generator = torch.Generator().manual_seed(0)
    drawn = sample(logits.expand(n, -1), generator=generator, **arguments)
    return drawn.bincount(minlength=logits.shape[-1]) / n


def test_draws_follow_the_softmax():
    assert_close(frequencies(LOGITS), LOGITS.softmax(-1)[0], rtol=0, atol=0.015)


@pytest.mark.parametrize("temperature", [0.5, 2.0])
def test_temperature_divides_the_logits(temperature):
    expected = (LOGITS / temperature).softmax(-1)[0]
    drawn = frequencies(LOGITS, temperature=temperature)
    assert_close(drawn, expected, rtol=0, atol=0.015)


@pytest.mark.parametrize("limits", [{}, {"top_k": 3}, {"top_p": 0.9}])
def test_temperature_0_takes_the_likeliest(limits):
    logits = torch.randn(50, 30, generator=torch.Generator().manual_seed(0))
    assert torch.equal(sample(logits, 0.0, **limits), logits.argmax(-1))


@pytest.mark.parametrize("temperature", [1e-300, 2e-38, 1e-8])
def test_the_smallest_temperature_takes_the_likeliest_too(temperature):
    logits = 1000 * torch.randn(50, 30, generator=torch.Generator().manual_seed(0))
    assert torch.equal(sample(logits, temperature), logits.argmax(-1))


def test_top_k_draws_from_the_k_likeliest():
    expected = torch.tensor([0, torch.e, 1, 0])
    assert_close(frequencies(LOGITS, top_k=2), expected / expected.sum(), rtol=0, atol=0.015)


def test_top_k_1_is_greedy():
    assert frequencies(LOGITS, n=100, top_k=1).tolist() == [0, 1, 0, 0]


def test_top_k_above_the_vocabulary_means_no_limit():
    drawn = frequencies(LOGITS, top_k=1000)
    assert_close(drawn, LOGITS.softmax(-1)[0], rtol=0, atol=0.015)


@pytest.mark.parametrize(
    ("top_p", "kept"),
    [(0.01, 1), (0.4, 1), (0.5, 2), (0.69, 2), (0.75, 3), (0.93, 3), (0.95, 4)],
)
def test_top_p_keeps_the_token_that_crosses_the_threshold(top_p, kept):
    logits = torch.tensor([[0.06, 0.4, 0.24, 0.3]]).log()
    assert (frequencies(logits, top_p=top_p) > 0).sum() == kept


def test_top_p_1_means_no_limit():
    logits = torch.randn(64, 5000, generator=torch.Generator().manual_seed(0))
    draws = [
        sample(logits, top_p=top_p, generator=torch.Generator().manual_seed(1))
        for top_p in (None, 1.0)
    ]
    assert torch.equal(*draws)


def test_top_p_counts_after_top_k():
    # Of 0.4, 0.3, 0.2, 0.1 the two likeliest are 4/7 and 3/7, and the first passes 0.5 alone.
    logits = torch.tensor([[0.1, 0.2, 0.3, 0.4]]).log()
    assert (frequencies(logits, top_k=2, top_p=0.5) > 0).tolist() == [False, False, False, True]


def test_the_same_generator_gives_the_same_draws():
    logits = torch.zeros(4, 1000)
    first, again = (sample(logits, generator=torch.Generator().manual_seed(5)) for _ in range(2))
    assert torch.equal(first, again)


def test_rows_draw_for_themselves():
    drawn = sample(torch.zeros(8, 1000), generator=torch.Generator().manual_seed(5))
    assert len(set(drawn.tolist())) > 1


@pytest.mark.parametrize("arguments", [{}, {"top_k": 2}, {"top_p": 0.5}, {"temperature": 0.0}])
def test_the_logits_are_not_changed(arguments):
    logits = LOGITS.clone()
    sample(logits, **arguments)
    assert torch.equal(logits, LOGITS)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("arguments", [{}, {"top_k": 2}, {"top_p": 0.5}, {"temperature": 0.0}])
def test_every_dtype_works(dtype, arguments):
    drawn = sample(LOGITS.to(dtype), **arguments)
    assert drawn.shape == (1,)
    assert drawn.dtype == torch.int64


def test_a_token_with_a_logit_of_minus_infinity_is_never_drawn():
    logits = torch.tensor([[0.0, -torch.inf, 0.0]])
    for limits in ({}, {"top_k": 3}, {"top_p": 1.0}):
        assert frequencies(logits, n=1000, **limits)[1] == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"temperature": -0.5}, "temperature=-0.5, expected a number of at least 0"),
        ({"temperature": float("nan")}, "temperature=nan, expected"),
        ({"top_k": 0}, "top_k=0, expected at least 1"),
        ({"top_k": -3}, "top_k=-3, expected at least 1"),
        ({"top_p": 0.0}, "top_p=0.0, expected above 0 and at most 1"),
        ({"top_p": 1.5}, "top_p=1.5, expected above 0 and at most 1"),
    ],
)
def test_a_number_that_means_nothing_is_an_error(arguments, message):
    with pytest.raises(ValueError, match=message):
        sample(LOGITS, **arguments)
