"""What the pages on architectures say of a model: its sizes, its cache, and what it is told."""

from collections.abc import Sequence
from typing import Any

import torch

from llm_book.models.causal_lm import CausalLM, count_parameters
from llm_book.models.chat_formats import CHAT_FORMATS
from llm_book.nn.mixture_of_experts import MixtureOfExperts


def on_meta(model_class: type[CausalLM], config: Any) -> CausalLM:
    """Return a model that has shapes and no memory."""
    with torch.device("meta"):
        return model_class(config)


def cache_bytes(model: CausalLM, length: int) -> int:
    """Ask the caches of one text of `length` tokens in bfloat16 what they take."""
    place = {"dtype": torch.bfloat16, "device": torch.device("meta")}
    caches = [block.make_cache(1, length, **place) for block in model.blocks]  # type: ignore[operator]
    return sum(cache.keys.nbytes + cache.values.nbytes for cache in caches)


def active_parameters(model: CausalLM) -> int:
    """Return how many weights one token meets."""
    idle = 0
    for layer in model.modules():
        if isinstance(layer, MixtureOfExperts):
            unused = len(layer.experts) - model.config.n_active_experts
            idle += unused * count_parameters(layer.experts[0])
    return count_parameters(model) - idle


def conversation(family: str, contents: Sequence[str]) -> str:
    """Return a system message and three turns as the model of a family sees them."""
    roles = ("system", "user", "assistant", "user")
    messages = [
        {"role": role, "content": content} for role, content in zip(roles, contents, strict=True)
    ]
    return f"``` {{ .text .output }}\n{CHAT_FORMATS[family].render(messages).rstrip()}\n```"
