"""ChatGLM3, GLM-4-9B, and GLM-4-0414: half of each head turns, and few heads of keys serve all."""

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
class GlmConfig(CheckedSizes):
    """The sizes of a GLM.

    Args:
        rotary_share: Share of a head that turns, in pairs of neighbors.
        qkv_bias: Add a trainable vector to queries, keys, and values.
        post_norms: Normalize behind each part as well, as GLM-4-0414 does.
    """

    vocab_size: int = 151_552
    context_length: int = 131_072
    dim: int = 4096
    n_layers: int = 40
    n_heads: int = 32
    n_kv_heads: int = 2
    head_dim: int = 128
    hidden_dim: int = 13_696
    rotary_share: float = 0.5
    rope_theta: float = 10_000.0
    rope_scaling: RopeScaling | None = None
    norm_eps: float = 1.5625e-7
    qkv_bias: bool = True
    post_norms: bool = False
    tie_embeddings: bool = False


CHATGLM3_6B = GlmConfig(vocab_size=65_024, context_length=8192, n_layers=28, norm_eps=1e-5)
GLM_4_9B_CHAT = GlmConfig(rope_theta=5_000_000.0)
GLM_4_9B_0414 = GlmConfig(context_length=32_768, norm_eps=1e-5, post_norms=True)

WEIGHT_NAMES = LLAMA_NAMES | {
    "blocks.*.attention_post_norm": "model.layers.*.post_self_attn_layernorm",
    "blocks.*.feed_forward.gate_proj": "model.layers.*.mlp.gate_up_proj[0]",
    "blocks.*.feed_forward.up_proj": "model.layers.*.mlp.gate_up_proj[1]",
    "blocks.*.feed_forward_post_norm": "model.layers.*.post_mlp_layernorm",
}


class GlmBlock(Block):
    """Normalize, attend, add; normalize, transform, add; and perhaps normalize behind each."""

    def __init__(self, config: GlmConfig, rotary: RotaryEmbedding) -> None:
        super().__init__()
        norm = partial(RMSNorm, eps=config.norm_eps)
        self.attention_norm = norm(config.dim)
        self.attention = GroupedQueryAttention(
            config.dim, config.n_heads, config.n_kv_heads, head_dim=config.head_dim, rotary=rotary,
            qkv_bias=config.qkv_bias,
        )  # fmt: skip
        self.feed_forward_norm = norm(config.dim)
        self.feed_forward = GatedFeedForward(config.dim, config.hidden_dim)
        norm_behind = norm if config.post_norms else nn.Identity
        self.attention_post_norm = norm_behind(config.dim)
        self.feed_forward_post_norm = norm_behind(config.dim)

    def forward(self, x: Tensor, positions: Tensor, cache: KVCache | None = None) -> Tensor:
        """Add to the stream what attention finds, then what each token makes of it."""
        x = x + self.attention_post_norm(self.attention(self.attention_norm(x), positions, cache))
        return x + self.feed_forward_post_norm(self.feed_forward(self.feed_forward_norm(x)))


class Glm(CausalLM):
    """Token ids `(B, T)` to next-token logits `(B, T, V)`.

    Reference:
        GLM Team 2024, https://arxiv.org/abs/2406.12793
    """

    def __init__(self, config: GlmConfig) -> None:
        super().__init__()
        self.config = config
        turning = int(config.head_dim * config.rotary_share)
        rotary = make_rotary(turning, config.rope_theta, config.rope_scaling, interleaved=True)
        self.embedding = nn.Embedding(config.vocab_size, config.dim)
        self.blocks = nn.ModuleList(GlmBlock(config, rotary) for _ in range(config.n_layers))
        self.norm = RMSNorm(config.dim, config.norm_eps)
        self.head = nn.Linear(config.dim, config.vocab_size, bias=False)
        if config.tie_embeddings:
            self.head.weight = self.embedding.weight
        self.reset_parameters()
