"""Between the fields of a published config.json and those of our configs."""

from collections.abc import Collection, Mapping
from typing import Any, ClassVar, Self

from llm_book.nn.rotary_embedding import (
    RotaryEmbedding,
    linear_scaling,
    llama3_scaling,
    yarn_attention_factor,
    yarn_scaling,
)
from llm_book.pretrained.load import read_rope

# What the families that follow Llama call the sizes -> what we call them.
LLAMA_FIELDS = {
    "vocab_size": "vocab_size",
    "max_position_embeddings": "context_length",
    "hidden_size": "dim",
    "num_hidden_layers": "n_layers",
    "num_attention_heads": "n_heads",
    "num_key_value_heads": "n_kv_heads",
    "intermediate_size": "hidden_dim",
    "rms_norm_eps": "norm_eps",
}
# What the same families call the weights, by our names.
LLAMA_NAMES = {
    "embedding": "model.embed_tokens",
    "blocks.*.attention_norm": "model.layers.*.input_layernorm",
    "blocks.*.attention.q_proj": "model.layers.*.self_attn.q_proj",
    "blocks.*.attention.k_proj": "model.layers.*.self_attn.k_proj",
    "blocks.*.attention.v_proj": "model.layers.*.self_attn.v_proj",
    "blocks.*.attention.o_proj": "model.layers.*.self_attn.o_proj",
    "blocks.*.feed_forward_norm": "model.layers.*.post_attention_layernorm",
    "blocks.*.feed_forward.gate_proj": "model.layers.*.mlp.gate_proj",
    "blocks.*.feed_forward.up_proj": "model.layers.*.mlp.up_proj",
    "blocks.*.feed_forward.down_proj": "model.layers.*.mlp.down_proj",
    "norm": "model.norm",
    "head": "lm_head",
}


class PublishedConfig:
    """A frozen dataclass of sizes that is read from a published config.json, and written to one.

    Attributes:
        PUBLISHED_FIELDS: Published names and ours; a missing one is an error.
        PUBLISHED_DEFAULTS: The same, with what a file means that does not say it.
        PUBLISHED_CONSTANTS: Fields that the model knows with one value only.

    Raises:
        ValueError: A size is below 1, or the numbers of heads do not fit.
    """

    PUBLISHED_FIELDS: ClassVar[Mapping[str, str]] = LLAMA_FIELDS
    PUBLISHED_DEFAULTS: ClassVar[Mapping[str, tuple[str, Any]]] = {}
    PUBLISHED_CONSTANTS: ClassVar[Mapping[str, Any]]

    n_heads: int
    n_kv_heads: int
    rope_scaling: Mapping[str, Any] | None

    def __post_init__(self) -> None:
        for name in ("vocab_size", "context_length", "dim", "n_layers", "hidden_dim"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}={getattr(self, name)}, expected at least 1")
        heads, kv_heads = self.n_heads, self.n_kv_heads
        if heads < 1 or kv_heads < 1 or heads % kv_heads:
            raise ValueError(f"n_heads={heads} is not a multiple of n_kv_heads={kv_heads}")

    @classmethod
    def from_published(cls, fields: Mapping[str, Any]) -> Self:
        """Return the config that a config.json describes.

        Raises:
            KeyError: A field is missing.
            ValueError: A field has a value that the model does not know.
        """
        for name, value in cls.PUBLISHED_CONSTANTS.items():
            if name not in ("model_type", "architectures") and fields.get(name, value) != value:
                raise ValueError(f"{name}={fields[name]!r}, expected {value!r}")
        return cls(**cls.read_fields(fields))

    @classmethod
    def read_fields(cls, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Return our fields; a family with more to read extends this."""
        found = {ours: fields[theirs] for theirs, ours in cls.PUBLISHED_FIELDS.items()}
        for theirs, (ours, default) in cls.PUBLISHED_DEFAULTS.items():
            found[ours] = fields.get(theirs, default)
        rope = read_rope(fields, "full_attention")
        found["rope_theta"] = rope.pop("rope_theta")
        share = rope.pop("partial_rotary_factor", None)
        if share is not None:
            found["rotary_share"] = share
        found["rope_scaling"] = None if rope["rope_type"] == "default" else rope
        return found

    def to_published(self) -> dict[str, Any]:
        """Return the fields of a config.json that other programs read."""
        names = {**self.PUBLISHED_FIELDS, "rope_theta": "rope_theta"}
        names |= {theirs: ours for theirs, (ours, _) in self.PUBLISHED_DEFAULTS.items()}
        fields = {theirs: getattr(self, ours) for theirs, ours in names.items()}
        fields["rope_scaling"] = self.rope_scaling and dict(self.rope_scaling)
        if hasattr(self, "rotary_share"):
            fields["partial_rotary_factor"] = self.rotary_share
        return {**self.PUBLISHED_CONSTANTS, **fields}


def full_layers(fields: Mapping[str, Any], every: int) -> tuple[int, ...]:
    """Return the layers without a window: as listed, or the last of `every` so many."""
    n_layers = fields["num_hidden_layers"]
    types = fields.get("layer_types") or layer_types(n_layers, range(every - 1, n_layers, every))
    return tuple(layer for layer, kind in enumerate(types) if kind == "full_attention")


def layer_types(n_layers: int, without_window: Collection[int]) -> list[str]:
    """Return the kind of each layer, as config.json lists them."""
    kinds = ("sliding_attention", "full_attention")
    return [kinds[layer in without_window] for layer in range(n_layers)]


def make_rotary(
    dim: int,
    theta: float,
    scaling: Mapping[str, Any] | None = None,
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
        ValueError: The `rope_type` is unknown, or something that it needs is missing.
    """
    scaling = {"rope_type": "default", **(scaling or {})}
    kind = scaling["rope_type"]
    try:
        factor = scaling.get("factor", 1.0) if kind == "default" else float(scaling["factor"])
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
