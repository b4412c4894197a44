"""OLMo 3: norms behind each part, queries and keys normalized whole, mostly windows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from llm_book.models.causal_lm import CausalLM
from llm_book.models.published_config import (
    LLAMA_NAMES,
    PublishedConfig,
    full_layers,
    layer_types,
    make_rotary,
)
from llm_book.nn.gated_feed_forward import GatedFeedForward
from llm_book.nn.grouped_query_attention import GroupedQueryAttention
from llm_book.nn.kv_cache import KVCache
from llm_book.nn.rms_norm import RMSNorm
from llm_book.nn.rotary_embedding import RotaryEmbedding


@dataclass(frozen=True, kw_only=True)
class Olmo3Config(PublishedConfig):
    """The sizes of an OLMo 3.

    Args:
        window: Positions that a local layer sees.
        global_layers: Layers that see all positions, counted from 0.
        rope_scaling: Of global layers, as published; local ones need none.
    """

    vocab_size: int = 100_278
    context_length: int = 65_536
    dim: int
    n_layers: int
    n_heads: int
    n_kv_heads: int
    hidden_dim: int
    window: int = 4096
    global_layers: tuple[int, ...]
    rope_theta: float = 500_000.0
    rope_scaling: Mapping[str, Any] | None = None
    norm_eps: float = 1e-6
    tie_embeddings: bool = False

    PUBLISHED_DEFAULTS: ClassVar = {
        "sliding_window": ("window", 4096),
        "tie_word_embeddings": ("tie_embeddings", False),
    }
    PUBLISHED_CONSTANTS: ClassVar = {
        "model_type": "olmo3",
        "architectures": ["Olmo3ForCausalLM"],
        "hidden_act": "silu",
        "attention_bias": False,
    }

    @classmethod
    def read_fields(cls, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Return our fields, with the layers that see everything."""
        return super().read_fields(fields) | {"global_layers": full_layers(fields, 4)}

    def to_published(self) -> dict[str, Any]:
        """Return the fields of a config.json that other programs read."""
        types = layer_types(self.n_layers, self.global_layers)
        return super().to_published() | {"layer_types": types}


YARN = {"rope_type": "yarn", "factor": 8.0, "original_max_position_embeddings": 8192}
OLMO_3_7B = Olmo3Config(
    dim=4096, n_layers=32, n_heads=32, n_kv_heads=32, hidden_dim=11_008,
    global_layers=tuple(range(3, 32, 4)), rope_scaling=YARN,
)  # fmt: skip
OLMO_3_32B = Olmo3Config(
    dim=5120, n_layers=64, n_heads=40, n_kv_heads=8, hidden_dim=27_648,
    global_layers=tuple(range(3, 64, 4)), rope_scaling=YARN,
)  # fmt: skip

WEIGHT_NAMES = LLAMA_NAMES | {
    "blocks.*.attention.q_norm": "model.layers.*.self_attn.q_norm.flat",
    "blocks.*.attention.k_norm": "model.layers.*.self_attn.k_norm.flat",
    "blocks.*.attention_post_norm": "model.layers.*.post_attention_layernorm",
    "blocks.*.feed_forward_post_norm": "model.layers.*.post_feedforward_layernorm",
}


class Olmo3Block(nn.Module):
    """Attend, normalize, add; transform, normalize, add."""

    def __init__(self, config: Olmo3Config, rotary: RotaryEmbedding, window: int | None) -> None:
        super().__init__()
        head_dim = config.dim // config.n_heads
        self.attention = GroupedQueryAttention(
            config.dim,
            config.n_heads,
            config.n_kv_heads,
            rotary=rotary,
            q_norm=RMSNorm((config.n_heads, head_dim), config.norm_eps),
            k_norm=RMSNorm((config.n_kv_heads, head_dim), config.norm_eps),
            window=window,
        )
        self.attention_post_norm = RMSNorm(config.dim, config.norm_eps)
        self.feed_forward = GatedFeedForward(config.dim, config.hidden_dim)
        self.feed_forward_post_norm = RMSNorm(config.dim, config.norm_eps)

    def make_cache(
        self, batch_size: int, max_length: int, *, dtype: torch.dtype, device: torch.device
    ) -> KVCache:
        """Return an empty cache of keys and values."""
        return self.attention.make_cache(batch_size, max_length, dtype=dtype, device=device)

    def forward(self, x: Tensor, positions: Tensor, cache: KVCache | None = None) -> Tensor:
        """Add to the stream what attention finds, then what each token makes of it."""
        x = x + self.attention_post_norm(self.attention(x, positions, cache))
        return x + self.feed_forward_post_norm(self.feed_forward(x))


class Olmo3(CausalLM):
    """Token ids `(B, T)` to next-token logits `(B, T, V)`.

    Reference:
        Team Olmo 2025, https://arxiv.org/abs/2512.13961
    """

    def __init__(self, config: Olmo3Config) -> None:
        super().__init__()
        self.config = config
        head_dim = config.dim // config.n_heads
        local = make_rotary(head_dim, config.rope_theta)
        everywhere = make_rotary(head_dim, config.rope_theta, config.rope_scaling)
        self.embedding = nn.Embedding(config.vocab_size, config.dim)
        self.blocks = nn.ModuleList(
            Olmo3Block(config, everywhere, None)
            if layer in config.global_layers
            else Olmo3Block(config, local, config.window)
            for layer in range(config.n_layers)
        )
        self.norm = RMSNorm(config.dim, config.norm_eps)
        self.head = nn.Linear(config.dim, config.vocab_size, bias=False)
        if config.tie_embeddings:
            self.head.weight = self.embedding.weight
        self.reset_parameters()
