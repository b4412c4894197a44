"""ChatGLM3, GLM-4-9B, and GLM-4-0414: half of each head turns, and few heads of keys serve all."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from llm_book.models.causal_lm import CausalLM
from llm_book.models.published_config import LLAMA_NAMES, PublishedConfig, make_rotary
from llm_book.nn.gated_feed_forward import GatedFeedForward
from llm_book.nn.grouped_query_attention import GroupedQueryAttention
from llm_book.nn.kv_cache import KVCache
from llm_book.nn.rms_norm import RMSNorm
from llm_book.nn.rotary_embedding import RotaryEmbedding

# What the files of the original publisher call the sizes.
CHATGLM_FIELDS = {
    "padded_vocab_size": "vocab_size",
    "seq_length": "context_length",
    "hidden_size": "dim",
    "num_layers": "n_layers",
    "num_attention_heads": "n_heads",
    "multi_query_group_num": "n_kv_heads",
    "kv_channels": "head_dim",
    "ffn_hidden_size": "hidden_dim",
    "layernorm_epsilon": "norm_eps",
}
CHATGLM_CONSTANTS = {
    "rmsnorm": True,
    "multi_query_attention": True,
    "post_layer_norm": True,  # the norm behind the last block
    "apply_residual_connection_post_layernorm": False,
    "add_bias_linear": False,
}


@dataclass(frozen=True, kw_only=True)
class GlmConfig(PublishedConfig):
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
    rope_scaling: Mapping[str, Any] | None = None
    norm_eps: float = 1.5625e-7
    qkv_bias: bool = True
    post_norms: bool = False
    tie_embeddings: bool = False

    PUBLISHED_DEFAULTS: ClassVar = {
        "head_dim": ("head_dim", 128),
        "attention_bias": ("qkv_bias", True),
        "tie_word_embeddings": ("tie_embeddings", False),
    }
    PUBLISHED_CONSTANTS: ClassVar = {"hidden_act": "silu"}

    @classmethod
    def read_fields(cls, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Return our fields, from files of transformers or of the original publisher."""
        if fields["model_type"] == "chatglm":
            for name, value in CHATGLM_CONSTANTS.items():
                if fields.get(name, value) != value:
                    raise ValueError(f"{name}={fields[name]!r}, expected {value!r}")
            return {ours: fields[theirs] for theirs, ours in CHATGLM_FIELDS.items()} | {
                "rope_theta": 10_000.0 * fields.get("rope_ratio", 1),
                "qkv_bias": fields.get("add_qkv_bias", False),
                "tie_embeddings": fields.get("tie_word_embeddings", False),
            }
        found = super().read_fields(fields)
        return found | {"post_norms": fields["model_type"] == "glm4"}

    def to_published(self) -> dict[str, Any]:
        """Return the fields of a config.json that transformers reads."""
        kind = "glm4" if self.post_norms else "glm"
        return super().to_published() | {
            "model_type": kind,
            "architectures": [f"{kind.capitalize()}ForCausalLM"],
        }


CHATGLM3_6B = GlmConfig(vocab_size=65_024, context_length=8192, n_layers=28, norm_eps=1e-5)
GLM_4_9B_CHAT = GlmConfig(rope_theta=5_000_000.0)
GLM_4_9B_0414 = GlmConfig(context_length=32_768, norm_eps=1e-5, post_norms=True)

WEIGHT_NAMES = LLAMA_NAMES | {
    "blocks.*.attention_post_norm": "model.layers.*.post_self_attn_layernorm",
    "blocks.*.feed_forward.gate_proj": "model.layers.*.mlp.gate_up_proj[0]",
    "blocks.*.feed_forward.up_proj": "model.layers.*.mlp.gate_up_proj[1]",
    "blocks.*.feed_forward_post_norm": "model.layers.*.post_mlp_layernorm",
}
LAYER = "transformer.encoder.layers.*"
CHATGLM_NAMES = {
    "embedding": "transformer.embedding.word_embeddings",
    "blocks.*.attention_norm": f"{LAYER}.input_layernorm",
    "blocks.*.attention.q_proj": f"{LAYER}.self_attention.query_key_value[0]",
    "blocks.*.attention.k_proj": f"{LAYER}.self_attention.query_key_value[1]",
    "blocks.*.attention.v_proj": f"{LAYER}.self_attention.query_key_value[2]",
    "blocks.*.attention.o_proj": f"{LAYER}.self_attention.dense",
    "blocks.*.feed_forward_norm": f"{LAYER}.post_attention_layernorm",
    "blocks.*.feed_forward.gate_proj": f"{LAYER}.mlp.dense_h_to_4h[0]",
    "blocks.*.feed_forward.up_proj": f"{LAYER}.mlp.dense_h_to_4h[1]",
    "blocks.*.feed_forward.down_proj": f"{LAYER}.mlp.dense_4h_to_h",
    "norm": "transformer.encoder.final_layernorm",
    "head": "transformer.output_layer",
}
OTHER_WEIGHT_NAMES = [CHATGLM_NAMES]
IGNORED_NAMES = ["transformer.rotary_pos_emb.inv_freq"]


class GlmBlock(nn.Module):
    """Normalize, attend, add; normalize, transform, add; and perhaps normalize behind each."""

    def __init__(self, config: GlmConfig, rotary: RotaryEmbedding) -> None:
        super().__init__()
        self.attention_norm = RMSNorm(config.dim, config.norm_eps)
        self.attention = GroupedQueryAttention(
            config.dim,
            config.n_heads,
            config.n_kv_heads,
            head_dim=config.head_dim,
            rotary=rotary,
            qkv_bias=config.qkv_bias,
        )
        self.feed_forward_norm = RMSNorm(config.dim, config.norm_eps)
        self.feed_forward = GatedFeedForward(config.dim, config.hidden_dim)
        self.attention_post_norm: nn.Module = nn.Identity()
        self.feed_forward_post_norm: nn.Module = nn.Identity()
        if config.post_norms:
            self.attention_post_norm = RMSNorm(config.dim, config.norm_eps)
            self.feed_forward_post_norm = RMSNorm(config.dim, config.norm_eps)

    def make_cache(
        self, batch_size: int, max_length: int, *, dtype: torch.dtype, device: torch.device
    ) -> KVCache:
        """Return an empty cache of keys and values."""
        return self.attention.make_cache(batch_size, max_length, dtype=dtype, device=device)

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
