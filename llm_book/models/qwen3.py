"""Qwen3, dense and mixture of experts: Llama with normalized queries and keys."""

from dataclasses import dataclass
from functools import partial

from torch import Tensor, nn

from llm_book.models.causal_lm import Block, CausalLM
from llm_book.models.llama_family import LLAMA_NAMES, CheckedSizes, RopeScaling, make_rotary
from llm_book.nn.gated_feed_forward import GatedFeedForward
from llm_book.nn.grouped_query_attention import GroupedQueryAttention
from llm_book.nn.kv_cache import KVCache
from llm_book.nn.mixture_of_experts import MixtureOfExperts, TopKRouter
from llm_book.nn.rms_norm import RMSNorm
from llm_book.nn.rotary_embedding import RotaryEmbedding


@dataclass(frozen=True, kw_only=True)
class Qwen3Config(CheckedSizes):
    """The sizes of a Qwen3.

    Args:
        n_experts: Number of experts in a layer; 0 for a dense model.
        n_active_experts: Number of experts that a token uses.
        expert_dim: Hidden width of an expert; `hidden_dim` is that of a dense layer.
        normalize_routing: Let the weights of the chosen experts add up to 1.
        dense_layers: Layers without experts, counted from 0.
    """

    vocab_size: int = 151_936
    context_length: int = 40_960
    dim: int
    n_layers: int
    n_heads: int
    n_kv_heads: int
    head_dim: int = 128
    hidden_dim: int
    n_experts: int = 0
    n_active_experts: int = 0
    expert_dim: int = 0
    normalize_routing: bool = True
    dense_layers: tuple[int, ...] = ()
    rope_theta: float = 1_000_000.0
    rope_scaling: RopeScaling | None = None
    norm_eps: float = 1e-6
    tie_embeddings: bool = False


QWEN3_0_6B = Qwen3Config(
    dim=1024, n_layers=28, n_heads=16, n_kv_heads=8, hidden_dim=3072, tie_embeddings=True
)
QWEN3_8B = Qwen3Config(dim=4096, n_layers=36, n_heads=32, n_kv_heads=8, hidden_dim=12_288)
QWEN3_30B_A3B = Qwen3Config(
    dim=2048, n_layers=48, n_heads=32, n_kv_heads=4, hidden_dim=6144,
    n_experts=128, n_active_experts=8, expert_dim=768,
)  # fmt: skip

WEIGHT_NAMES = LLAMA_NAMES | {
    "blocks.*.feed_forward.router": "model.layers.*.mlp.gate",
    "blocks.*.feed_forward.experts.*.gate_proj": "model.layers.*.mlp.experts.*.gate_proj",
    "blocks.*.feed_forward.experts.*.up_proj": "model.layers.*.mlp.experts.*.up_proj",
    "blocks.*.feed_forward.experts.*.down_proj": "model.layers.*.mlp.experts.*.down_proj",
}


class Qwen3Block(Block):
    """Normalize, attend, add; normalize, transform, add."""

    def __init__(self, config: Qwen3Config, rotary: RotaryEmbedding, *, sparse: bool) -> None:
        super().__init__()
        norm = partial(RMSNorm, eps=config.norm_eps)
        self.attention_norm = norm(config.dim)
        self.attention = GroupedQueryAttention(
            config.dim, config.n_heads, config.n_kv_heads, head_dim=config.head_dim, rotary=rotary,
            q_norm=norm(config.head_dim), k_norm=norm(config.head_dim),
        )  # fmt: skip
        self.feed_forward_norm = norm(config.dim)
        self.feed_forward = make_feed_forward(config, sparse=sparse)

    def forward(self, x: Tensor, positions: Tensor, cache: KVCache | None = None) -> Tensor:
        """Add to the stream what attention finds, then what each token makes of it."""
        x = x + self.attention(self.attention_norm(x), positions, cache)
        return x + self.feed_forward(self.feed_forward_norm(x))


def make_feed_forward(config: Qwen3Config, *, sparse: bool) -> nn.Module:
    """Return one gated network, or a router and many that are narrower."""
    if not sparse:
        return GatedFeedForward(config.dim, config.hidden_dim)
    router = TopKRouter(
        config.dim, config.n_experts, config.n_active_experts, normalize=config.normalize_routing
    )
    experts = (GatedFeedForward(config.dim, config.expert_dim) for _ in range(config.n_experts))
    return MixtureOfExperts(router, experts)


class Qwen3(CausalLM):
    """Token ids `(B, T)` to next-token logits `(B, T, V)`.

    Reference:
        Yang et al. 2025, https://arxiv.org/abs/2505.09388
    """

    def __init__(self, config: Qwen3Config) -> None:
        super().__init__()
        self.config = config
        rotary = make_rotary(config.head_dim, config.rope_theta, config.rope_scaling)
        self.embedding = nn.Embedding(config.vocab_size, config.dim)
        self.blocks = nn.ModuleList(
            Qwen3Block(config, rotary, sparse=config.n_experts > 0 and i not in config.dense_layers)
            for i in range(config.n_layers)
        )
        self.norm = RMSNorm(config.dim, config.norm_eps)
        self.head = nn.Linear(config.dim, config.vocab_size, bias=False)
        if config.tie_embeddings:
            self.head.weight = self.embedding.weight
        self.reset_parameters()
