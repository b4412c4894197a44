"""What the families that follow Llama share: checked sizes, names of weights, rotary scaling."""

from collections.abc import Mapping
from typing import Any

from llm_book.nn.rotary_embedding import (
    RotaryEmbedding,
    linear_scaling,
    llama3_scaling,
    yarn_attention_factor,
    yarn_scaling,
)

RopeScaling = Mapping[str, Any]  # `rope_type` and what it needs, as in a config.json

# Our module -> the published one. Llama has no norms of queries and keys; a family adds others.
LLAMA_NAMES = {
    "embedding": "model.embed_tokens",
    "blocks.*.attention_norm": "model.layers.*.input_layernorm",
    "blocks.*.attention.q_proj": "model.layers.*.self_attn.q_proj",
    "blocks.*.attention.k_proj": "model.layers.*.self_attn.k_proj",
    "blocks.*.attention.v_proj": "model.layers.*.self_attn.v_proj",
    "blocks.*.attention.q_norm": "model.layers.*.self_attn.q_norm",
    "blocks.*.attention.k_norm": "model.layers.*.self_attn.k_norm",
    "blocks.*.attention.o_proj": "model.layers.*.self_attn.o_proj",
    "blocks.*.feed_forward_norm": "model.layers.*.post_attention_layernorm",
    "blocks.*.feed_forward.gate_proj": "model.layers.*.mlp.gate_proj",
    "blocks.*.feed_forward.up_proj": "model.layers.*.mlp.up_proj",
    "blocks.*.feed_forward.down_proj": "model.layers.*.mlp.down_proj",
    "norm": "model.norm",
    "head": "lm_head",
}


class CheckedSizes:
    """Sizes of a model, a frozen dataclass, that are looked at when they are put together.

    Raises:
        ValueError: A size is below 1, or the numbers of heads do not fit.
    """

    def __post_init__(self) -> None:
        sizes = vars(self)
        names = ["vocab_size", "context_length", "dim", "n_layers", "hidden_dim"]
        if sizes.get("head_dim") is not None:  # otherwise it follows from dim and n_heads
            names.append("head_dim")
        for name in names:
            if not isinstance(sizes[name], int) or sizes[name] < 1:
                raise ValueError(f"{name}={sizes[name]}, expected a whole number of at least 1")
        heads, kv_heads = sizes["n_heads"], sizes["n_kv_heads"]
        if heads < 1 or kv_heads < 1 or heads % kv_heads:
            raise ValueError(f"n_heads={heads} is not a multiple of n_kv_heads={kv_heads}")


def make_rotary(
    dim: int,
    theta: float,
    scaling: RopeScaling | None = None,
    *,
    interleaved: bool = False,
) -> RotaryEmbedding:
    """Return the rotary embedding that the `rope_scaling` of a config.json asks for.

    Args:
        dim: Number of features that turn.
        theta: Base of the frequencies.
        scaling: None, or `rope_type` and what it needs.
        interleaved: As in `RotaryEmbedding`.

    Raises:
        ValueError: The `rope_type` is unknown, something that it needs is missing, or its
            factor is not above 0.
    """
    scaling = {"rope_type": "default", **(scaling or {})}
    kind = scaling["rope_type"]
    try:
        factor = 1.0 if kind == "default" else float(scaling["factor"])
        if not factor > 0:  # nor is NaN
            raise ValueError(f"rope_scaling has factor={factor}, expected a number above 0")
        change, longer = None, 1.0
        if kind == "linear":
            change = linear_scaling(factor)
        elif kind == "llama3":
            change = llama3_scaling(
                factor,
                scaling["original_max_position_embeddings"],
                slow=scaling["low_freq_factor"],
                fast=scaling["high_freq_factor"],
            )
        elif kind == "yarn":
            if scaling.get("mscale") or scaling.get("mscale_all_dim"):
                raise ValueError("rope_scaling of type yarn has an mscale, which we do not know")
            change = yarn_scaling(
                factor,
                scaling["original_max_position_embeddings"],
                slow=scaling.get("beta_slow") or 1.0,
                fast=scaling.get("beta_fast") or 32.0,
                truncate=scaling.get("truncate", True),
            )
            longer = scaling.get("attention_factor") or yarn_attention_factor(factor)
        elif kind != "default":
            raise ValueError(f"rope_type={kind!r}, expected default, linear, llama3, or yarn")
    except KeyError as error:
        raise ValueError(f"rope_scaling of type {kind} lacks {error}") from None
    return RotaryEmbedding(
        dim, theta, scaling=change, attention_factor=longer, interleaved=interleaved
    )
