import pytest
import torch

from llm_book.models.llama import Llama, LlamaConfig
from llm_book.models.qwen3 import Qwen3, Qwen3Config
from llm_book.publishing.models import active_parameters, cache_bytes, conversation, on_meta

SIZES = {
    "vocab_size": 50, "context_length": 64, "dim": 16, "n_layers": 3, "n_heads": 4,
    "n_kv_heads": 2, "hidden_dim": 24,
}  # fmt: skip


def test_a_model_on_the_meta_device_has_shapes_and_no_memory():
    model = on_meta(Llama, LlamaConfig(**SIZES))
    assert {parameter.device for parameter in model.parameters()} == {torch.device("meta")}


def test_a_cache_takes_two_bytes_a_number_in_every_layer():
    model = on_meta(Llama, LlamaConfig(**SIZES))
    assert cache_bytes(model, 10) == 3 * 2 * 10 * 2 * 4 * 2  # layers, k and v, tokens, K, D, bytes


@pytest.mark.parametrize(("n_active", "unused"), [(1, 3), (4, 0)])
def test_a_token_meets_the_chosen_experts_only(n_active, unused):
    experts = {"n_experts": 4, "n_active_experts": n_active, "expert_dim": 8, "head_dim": 4}
    model = on_meta(Qwen3, Qwen3Config(**SIZES, **experts))
    total = sum(parameter.numel() for parameter in model.parameters())
    assert active_parameters(model) == total - 3 * unused * 3 * 16 * 8


def test_a_conversation_is_shown_as_the_model_sees_it():
    text = conversation("qwen3", ["S", "Q", "A", "P"])
    assert text.startswith(
        "``` { .text .output }\n<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nQ"
    )
    assert text.endswith("<|im_start|>user\nP<|im_end|>\n<|im_start|>assistant\n```")
