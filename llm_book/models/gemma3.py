"""Gemma 3: mostly windows, some layers that see everything, and norms on both sides."""

from dataclasses import dataclass, replace
from functools import partial

from torch import Tensor, nn

from llm_book.models.causal_lm import Block, CausalLM
from llm_book.models.llama_family import LLAMA_NAMES, CheckedSizes, RopeScaling, make_rotary
from llm_book.nn.gated_feed_forward import GatedFeedForward, gelu_tanh
from llm_book.nn.grouped_query_attention import GroupedQueryAttention
from llm_book.nn.kv_cache import KVCache
from llm_book.nn.rms_norm import RMSNorm
from llm_book.nn.rotary_embedding import RotaryEmbedding


@dataclass(frozen=True, kw_only=True)
class Gemma3Config(CheckedSizes):
    """The sizes of a Gemma 3 that reads text.

    Args:
        query_scale: The scores are divided by the root of it.
        window: Positions that a local layer sees.
        global_layers: Layers that see all positions, counted from 0.
        rope_theta: Base of the frequencies in global layers; `rope_theta_local` in local ones.
        rope_scaling: Of global layers, as published.
    """

    vocab_size: int = 262_144
    context_length: int = 32_768
    dim: int
    n_layers: int
    n_heads: int
    n_kv_heads: int
    head_dim: int = 256
    query_scale: float = 256
    hidden_dim: int
    window: int = 512
    global_layers: tuple[int, ...]
    rope_theta: float = 1_000_000.0
    rope_theta_local: float = 10_000.0
    rope_scaling: RopeScaling | None = None
    norm_eps: float = 1e-6
    tie_embeddings: bool = True


GEMMA_3_270M = Gemma3Config(
    dim=640, n_layers=18, n_heads=4, n_kv_heads=1, hidden_dim=2048, global_layers=(5, 11, 17)
)
GEMMA_3_1B = Gemma3Config(
    dim=1152, n_layers=26, n_heads=4, n_kv_heads=1, hidden_dim=6912, global_layers=(5, 11, 17, 23)
)
GEMMA_3_4B = Gemma3Config(  # this and larger ones also read pictures; here are their text parts
    vocab_size=262_208, context_length=131_072, dim=2560, n_layers=34, n_heads=8, n_kv_heads=4,
    hidden_dim=10_240, window=1024, global_layers=tuple(range(5, 34, 6)),
    rope_scaling={"rope_type": "linear", "factor": 8.0},
)  # fmt: skip
GEMMA_3_27B = replace(
    GEMMA_3_4B, dim=5376, n_layers=62, n_heads=32, n_kv_heads=16, head_dim=128, query_scale=168,
    hidden_dim=21_504, global_layers=tuple(range(5, 62, 6)),
)  # fmt: skip

WEIGHT_NAMES = LLAMA_NAMES | {
    "blocks.*.attention_post_norm": "model.layers.*.post_attention_layernorm",
    "blocks.*.feed_forward_norm": "model.layers.*.pre_feedforward_layernorm",
    "blocks.*.feed_forward_post_norm": "model.layers.*.post_feedforward_layernorm",
}


class Gemma3Block(Block):
    """Normalize before and after each part, and add."""

    def __init__(self, config: Gemma3Config, rotary: RotaryEmbedding, window: int | None) -> None:
        super().__init__()
        norm = partial(RMSNorm, eps=config.norm_eps, offset=1.0)
        self.attention_norm = norm(config.dim)
        self.attention = GroupedQueryAttention(
            config.dim, config.n_heads, config.n_kv_heads, head_dim=config.head_dim, rotary=rotary,
            q_norm=norm(config.head_dim), k_norm=norm(config.head_dim),
            window=window, scale=config.query_scale**-0.5,
        )  # fmt: skip
        self.attention_post_norm = norm(config.dim)
        self.feed_forward_norm = norm(config.dim)
        self.feed_forward = GatedFeedForward(config.dim, config.hidden_dim, activation=gelu_tanh)
        self.feed_forward_post_norm = norm(config.dim)

    def forward(self, x: Tensor, positions: Tensor, cache: KVCache | None = None) -> Tensor:
        """Add to the stream what attention finds, then what each token makes of it."""
        x = x + self.attention_post_norm(self.attention(self.attention_norm(x), positions, cache))
        return x + self.feed_forward_post_norm(self.feed_forward(self.feed_forward_norm(x)))


class Gemma3(CausalLM):
    """Token ids `(B, T)` to next-token logits `(B, T, V)`.

    Reference:
        Gemma Team 2025, https://arxiv.org/abs/2503.19786
    """

    def __init__(self, config: Gemma3Config) -> None:
        super().__init__()
        self.config = config
        local = make_rotary(config.head_dim, config.rope_theta_local), config.window
        everywhere = make_rotary(config.head_dim, config.rope_theta, config.rope_scaling), None
        self.embedding = nn.Embedding(config.vocab_size, config.dim)
        self.blocks = nn.ModuleList(
            Gemma3Block(config, *(everywhere if layer in config.global_layers else local))
            for layer in range(config.n_layers)
        )
        self.norm = RMSNorm(config.dim, config.norm_eps, offset=1.0)
        self.head = nn.Linear(config.dim, config.vocab_size, bias=False)
        if config.tie_embeddings:
            self.head.weight = self.embedding.weight
        self.reset_parameters()

    def embed(self, tokens: Tensor, positions: Tensor) -> Tensor:
        """Return the embedding times √C, a factor that is rounded to the weights' dtype."""
        x = self.embedding(tokens)
        return x * x.new_tensor(self.config.dim**0.5)
