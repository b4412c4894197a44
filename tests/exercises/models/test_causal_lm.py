import pytest
import torch
from torch.testing import assert_close

from llm_book.models.gpt2 import GPT2, GPT2Config

TOKENS = torch.tensor([[1, 5, 2], [6, 6, 0]])


@pytest.fixture
def model():
    torch.manual_seed(0)
    model = GPT2(GPT2Config(vocab_size=7, context_length=8, dim=8, n_layers=3, n_heads=2))
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return model


def test_the_last_entry_is_what_the_model_predicts(exercise, model):
    logits = exercise.logits_of_every_block(model, TOKENS)
    assert logits.shape == (3, 2, 3, 7)
    assert_close(logits[-1], model(TOKENS))


def test_an_earlier_entry_is_a_model_with_fewer_blocks(exercise, model):
    logits = exercise.logits_of_every_block(model, TOKENS)
    model.blocks = model.blocks[:2]
    assert_close(logits[1], model(TOKENS))


def test_swapped_twice_is_as_before(exercise, model):
    expected, order = model(TOKENS), list(model.blocks)
    exercise.swap_blocks(model, 0, 2)
    assert list(model.blocks) == [order[2], order[1], order[0]]
    exercise.swap_blocks(model, 0, 2)
    assert_close(model(TOKENS), expected)
