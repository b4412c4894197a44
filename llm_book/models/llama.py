"""Llama 2, 3, and 3.1 to 3.3: RMSNorm, rotary positions, a gate, and shared keys and values."""

from dataclasses import dataclass
from functools import partial

from torch import Tensor, nn

from llm_book.models.causal_lm import Block, CausalLM
from llm_book.models.llama_family import LLAMA_NAMES, CheckedSizes, RopeScaling, make_rotary
from llm_book.nn.gated_feed_forward import GatedFeedForward
from llm_book.nn.grouped_query_attention import GroupedQueryAttention
from llm_book.nn.kv_cache import KVCache
from llm_book.nn.rms_norm import RMSNorm
from llm_book.nn.rotary_embedding import RotaryEmbedding


@dataclass(frozen=True, kw_only=True)
class LlamaConfig(CheckedSizes):
    """The sizes of a Llama.

    Args:
        head_dim: Width of a head; `dim / n_heads` by default.
        rope_scaling: How positions beyond those of pretraining are reached, as published.
    """

    vocab_size: int = 128_256
    context_length: int = 131_072
    dim: int
    n_layers: int
    n_heads: int
    n_kv_heads: int
    head_dim: int | None = None
    hidden_dim: int
    rope_theta: float = 500_000.0
    rope_scaling: RopeScaling | None = None
    norm_eps: float = 1e-5
    tie_embeddings: bool = False


LONG = {"rope_type": "llama3", "original_max_position_embeddings": 8192}
LONG |= {"low_freq_factor": 1.0, "high_freq_factor": 4.0}

LLAMA_2_7B = LlamaConfig(
    vocab_size=32_000, context_length=4096, dim=4096, n_layers=32, n_heads=32, n_kv_heads=32,
    hidden_dim=11_008, rope_theta=10_000.0,
)  # fmt: skip
LLAMA_3_8B = LlamaConfig(
    context_length=8192, dim=4096, n_layers=32, n_heads=32, n_kv_heads=8, hidden_dim=14_336
)
LLAMA_3_1_8B = LlamaConfig(
    dim=4096, n_layers=32, n_heads=32, n_kv_heads=8, hidden_dim=14_336,
    rope_scaling=LONG | {"factor": 8.0},
)  # fmt: skip
LLAMA_3_2_1B = LlamaConfig(
    dim=2048, n_layers=16, n_heads=32, n_kv_heads=8, hidden_dim=8192,
    rope_scaling=LONG | {"factor": 32.0}, tie_embeddings=True,
)  # fmt: skip

WEIGHT_NAMES = LLAMA_NAMES


class LlamaBlock(Block):
    """Normalize, attend, add; normalize, transform, add."""

    def __init__(self, config: LlamaConfig, rotary: RotaryEmbedding) -> None:
        super().__init__()
        norm = partial(RMSNorm, eps=config.norm_eps)
        self.attention_norm = norm(config.dim)
        self.attention = GroupedQueryAttention(
            config.dim, config.n_heads, config.n_kv_heads, head_dim=config.head_dim, rotary=rotary,
        )  # fmt: skip
        self.feed_forward_norm = norm(config.dim)
        self.feed_forward = GatedFeedForward(config.dim, config.hidden_dim)

    def forward(self, x: Tensor, positions: Tensor, cache: KVCache | None = None) -> Tensor:
        """Add to the stream what attention finds, then what each token makes of it."""
        x = x + self.attention(self.attention_norm(x), positions, cache)
        return x + self.feed_forward(self.feed_forward_norm(x))


class Llama(CausalLM):
    """Token ids `(B, T)` to next-token logits `(B, T, V)`.

    Reference:
        Dubey et al. 2024, https://arxiv.org/abs/2407.21783
    """

    def __init__(self, config: LlamaConfig) -> None:
        super().__init__()
        self.config = config
        rotary = make_rotary(
            config.head_dim or config.dim // config.n_heads, config.rope_theta, config.rope_scaling
        )
        self.embedding = nn.Embedding(config.vocab_size, config.dim)
        self.blocks = nn.ModuleList(LlamaBlock(config, rotary) for _ in range(config.n_layers))
        self.norm = RMSNorm(config.dim, config.norm_eps)
        self.head = nn.Linear(config.dim, config.vocab_size, bias=False)
        if config.tie_embeddings:
            self.head.weight = self.embedding.weight
        self.reset_parameters()
