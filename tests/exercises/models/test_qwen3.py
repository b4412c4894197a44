import dataclasses

import pytest

from llm_book.models.causal_lm import count_parameters
from llm_book.models.qwen3 import QWEN3_0_6B, QWEN3_8B, QWEN3_30B_A3B, Qwen3, Qwen3Config

SMALL = Qwen3Config(
    vocab_size=50, dim=24, n_layers=3, n_heads=4, n_kv_heads=2, head_dim=16, hidden_dim=40
)
EXPERTS = {"n_experts": 6, "n_active_experts": 2, "expert_dim": 10}


@pytest.mark.parametrize("tied", [True, False])
def test_of_a_dense_model_all_parameters_are_active(exercise, tied):
    config = dataclasses.replace(SMALL, tie_embeddings=tied)
    assert exercise.active_parameters(config) == count_parameters(Qwen3(config))


def test_a_token_uses_some_experts_and_the_whole_router(exercise):
    config = dataclasses.replace(SMALL, **EXPERTS, dense_layers=(1,))
    model = Qwen3(config)
    unused = count_parameters(model.blocks[0].feed_forward.experts[0]) * (6 - 2) * 2
    assert exercise.active_parameters(config) == count_parameters(model) - unused


def test_the_published_sizes_come_out(exercise):
    assert exercise.active_parameters(QWEN3_0_6B) == 596_049_920
    assert exercise.active_parameters(QWEN3_8B) == 8_190_735_360
    assert exercise.active_parameters(QWEN3_30B_A3B) == 3_353_032_704


def test_thoughts_of_the_assistant_go_and_nothing_else(exercise):
    messages = [
        {"role": "user", "content": "What does </think> mean?"},
        {"role": "assistant", "content": "<think>\nAh.\n</think>\n\nIt ends </think> a thought."},
        {"role": "user", "content": "Thanks"},
        {"role": "assistant", "content": "\nWelcome"},
    ]
    before = [dict(message) for message in messages]
    shown = exercise.without_thoughts(messages)
    assert [message["content"] for message in shown] == [
        "What does </think> mean?",
        "It ends </think> a thought.",
        "Thanks",
        "\nWelcome",
    ]
    assert [message["role"] for message in shown] == [message["role"] for message in before]
    assert messages == before
