import pytest
import torch
from torch.testing import assert_close

from llm_book.models.llama import LLAMA_2_7B, LLAMA_3_8B
from llm_book.nn.rotary_embedding import RotaryEmbedding

T, H, D, C = 9, 3, 8, 10


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        (
            {"dim": 4096, "multiple_of": 256, "n_heads": 32, "n_layers": 32, "norm_eps": 1e-5}
            | {"vocab_size": -1},
            LLAMA_2_7B,
        ),
        (
            {"dim": 4096, "n_layers": 32, "n_heads": 32, "n_kv_heads": 8, "vocab_size": 128_256}
            | {"multiple_of": 1024, "ffn_dim_multiplier": 1.3, "norm_eps": 1e-5}
            | {"rope_theta": 500_000.0},
            LLAMA_3_8B,
        ),
    ],
    ids=["Llama 2 7B", "Llama 3 8B"],
)
def test_the_published_configs_come_out(exercise, params, expected):
    assert exercise.read_params(params, 32_000, expected.context_length) == expected


def test_another_epsilon_and_width_are_read(exercise):
    params = {"dim": 48, "multiple_of": 16, "n_heads": 4, "n_layers": 3, "norm_eps": 0.1}
    config = exercise.read_params(params | {"vocab_size": 7}, 32_000, 9)
    assert (config.norm_eps, config.hidden_dim, config.vocab_size) == (0.1, 128, 7)
    assert (config.n_layers, config.n_kv_heads, config.context_length) == (3, 4, 9)


def test_the_reordered_heads_give_the_same_scores_by_halves(exercise):
    torch.manual_seed(0)
    x, positions = torch.randn(1, T, C), torch.arange(T)
    weights = torch.randn(2, H * D, C)

    def scores(queries, keys, interleaved):
        rotary = RotaryEmbedding(D, interleaved=interleaved)
        turned = [
            rotary((x @ weight.T).unflatten(-1, (H, D)), positions) for weight in (queries, keys)
        ]
        return torch.einsum("bthd,bshd->bhts", *turned)

    reordered = [exercise.to_halves(weight, H) for weight in weights]
    assert_close(scores(*reordered, False), scores(*weights, True), rtol=1e-4, atol=1e-4)
    assert not torch.allclose(scores(*weights, False), scores(*weights, True), atol=0.1)
