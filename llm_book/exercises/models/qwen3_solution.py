"""Solutions of models/qwen3."""

from collections.abc import Mapping, Sequence

from llm_book.models.qwen3 import Qwen3Config


def active_parameters(config: Qwen3Config) -> int:
    """Add up the parts of each layer, then what is outside the layers."""
    query_width = config.n_heads * config.head_dim
    key_width = config.n_kv_heads * config.head_dim
    attention = 2 * config.dim * (query_width + key_width) + 2 * config.head_dim
    total = config.dim * (config.vocab_size * (1 if config.tie_embeddings else 2) + 1)
    for layer in range(config.n_layers):
        total += attention + 2 * config.dim
        if config.n_experts and layer not in config.dense_layers:
            active = config.n_active_experts * 3 * config.expert_dim
            total += config.dim * (config.n_experts + active)
        else:
            total += 3 * config.dim * config.hidden_dim
    return total


def without_thoughts(messages: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    """Cut the content of every assistant behind the first end of a thought."""
    shown = []
    for message in messages:
        content = message["content"]
        if message["role"] == "assistant" and "</think>" in content:
            content = content.partition("</think>")[2].lstrip("\n")
        shown.append({**message, "content": content})
    return shown
