"""OLMo 3: norms behind each part, queries and keys normalized whole, mostly windows."""

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
class Olmo3Config(CheckedSizes):
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
    rope_scaling: RopeScaling | None = None
    norm_eps: float = 1e-6
    tie_embeddings: bool = False

    @property
    def head_dim(self) -> int:
        """Width of a head."""
        return self.dim // self.n_heads


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


class Olmo3Block(Block):
    """Attend, normalize, add; transform, normalize, add."""

    def __init__(self, config: Olmo3Config, rotary: RotaryEmbedding, window: int | None) -> None:
        super().__init__()
        norm = partial(RMSNorm, eps=config.norm_eps)
        self.attention = GroupedQueryAttention(
            config.dim, config.n_heads, config.n_kv_heads, head_dim=config.head_dim, rotary=rotary,
            q_norm=norm((config.n_heads, config.head_dim)),
            k_norm=norm((config.n_kv_heads, config.head_dim)), window=window,
        )  # fmt: skip
        self.attention_post_norm = norm(config.dim)
        self.feed_forward = GatedFeedForward(config.dim, config.hidden_dim)
        self.feed_forward_post_norm = norm(config.dim)

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
        local = make_rotary(config.head_dim, config.rope_theta), config.window
        everywhere = make_rotary(config.head_dim, config.rope_theta, config.rope_scaling), None
        self.embedding = nn.Embedding(config.vocab_size, config.dim)
        self.blocks = nn.ModuleList(
            Olmo3Block(config, *(everywhere if layer in config.global_layers else local))
            for layer in range(config.n_layers)
        )
        self.norm = RMSNorm(config.dim, config.norm_eps)
        self.head = nn.Linear(config.dim, config.vocab_size, bias=False)
        if config.tie_embeddings:
            self.head.weight = self.embedding.weight
        self.reset_parameters()
