import itertools

import pytest
import torch

from llm_book.generation.generate import generate
from llm_book.models.gpt2 import GPT2, GPT2Config

V, PROMPT = 5, [1, 4]


@pytest.fixture
def model():
    torch.manual_seed(0)
    config = GPT2Config(
        vocab_size=V, context_length=8, dim=8, n_layers=2, n_heads=2, tie_embeddings=False
    )
    model = GPT2(config).eval()
    for parameter in model.parameters():
        if parameter.dim() == 2:
            torch.nn.init.normal_(parameter)
    return model


def test_the_probabilities_of_all_continuations_sum_to_1(exercise, model):
    texts = itertools.product(range(V), repeat=2)
    total = sum(
        torch.tensor(exercise.log_probability(model, PROMPT, list(text))).exp().item()
        for text in texts
    )
    assert total == pytest.approx(1, abs=1e-4)


def test_a_beam_of_one_is_greedy(exercise, model):
    assert exercise.beam_search(model, PROMPT, 4, 1) == generate(model, [PROMPT], 4)[0]


def test_a_wide_beam_finds_the_likeliest_text_of_all(exercise, model):
    texts = [list(text) for text in itertools.product(range(V), repeat=3)]
    best = max(texts, key=lambda text: exercise.log_probability(model, PROMPT, text))
    assert exercise.beam_search(model, PROMPT, 3, V**2) == best
