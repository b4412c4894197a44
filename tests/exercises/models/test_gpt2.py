import pytest
import torch
from torch.testing import assert_close

from llm_book.models.causal_lm import count_parameters
from llm_book.models.gpt2 import GPT2, GPT2_1_5B, GPT2_124M, GPT2Config

SMALL = {"vocab_size": 9, "context_length": 8, "dim": 8, "n_layers": 2, "n_heads": 2}


@pytest.mark.parametrize(
    "config",
    [
        GPT2_124M,
        GPT2_1_5B,
        GPT2Config(**SMALL),
        GPT2Config(**SMALL, hidden_dim=5, tie_embeddings=False),
    ],
    ids=["124M", "1.5B", "small", "untied"],
)
def test_the_formula_counts_real_parameters(exercise, config):
    with torch.device("meta"):
        real = count_parameters(GPT2(config))
    assert exercise.count_by_formula(config) == real


def test_a_deeper_model_computes_the_same_and_can_learn(exercise):
    torch.manual_seed(0)
    model, tokens = GPT2(GPT2Config(**SMALL)), torch.tensor([[1, 2, 8, 4]])
    deeper = exercise.deepen(model, 5)
    assert len(deeper.blocks) == 5
    assert_close(deeper(tokens), model(tokens))
    deeper(tokens)[0, -1, 3].backward()
    assert deeper.blocks[4].attention.o_proj.weight.grad.abs().max() > 0
    assert deeper.blocks[4].feed_forward.down_proj.weight.grad.abs().max() > 0
