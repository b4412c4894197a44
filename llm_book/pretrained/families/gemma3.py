"""The files of Gemma 3, those of its text models and those that read pictures as well."""

from collections.abc import Collection, Mapping
from typing import Any, ClassVar

from llm_book.models.gemma3 import WEIGHT_NAMES, Gemma3, Gemma3Config
from llm_book.pretrained.families.llama import RotaryFamily
from llm_book.pretrained.family import read_rope

KINDS = ("sliding_attention", "full_attention")  # of layers
# What the files of the models that read pictures leave out.
SIZES_NOT_SAID = {
    "vocab_size": 262_208,
    "max_position_embeddings": 131_072,
    "num_attention_heads": 8,
    "num_key_value_heads": 4,
    "rms_norm_eps": 1e-6,
}


class Gemma3Family(RotaryFamily):
    """Gemma 3; of a model that reads pictures, the part that reads text."""

    model, config = Gemma3, Gemma3Config
    defaults: ClassVar = {
        "head_dim": ("head_dim", 256),
        "query_pre_attn_scalar": ("query_scale", 256),
        "sliding_window": ("window", 4096),
        "tie_word_embeddings": ("tie_embeddings", True),
    }
    constants: ClassVar = {
        "hidden_activation": "gelu_pytorch_tanh",
        "attention_bias": False,
        "attn_logit_softcapping": None,
        "final_logit_softcapping": None,
        "use_bidirectional_attention": False,
    }
    kind: ClassVar = {"model_type": "gemma3_text", "architectures": ["Gemma3ForCausalLM"]}
    weight_names = (
        WEIGHT_NAMES,
        {ours: f"language_model.{name}" for ours, name in WEIGHT_NAMES.items()},
    )
    ignored_names = ("vision_tower.*", "multi_modal_projector.*")

    @classmethod
    def read(cls, published: Mapping[str, Any]) -> Gemma3Config:
        """Return the config; of a model that reads pictures, that of its text part."""
        if published["model_type"] == "gemma3":
            published = SIZES_NOT_SAID | published["text_config"]
        return super().read(published)

    @classmethod
    def read_sizes(cls, published: Mapping[str, Any]) -> dict[str, Any]:
        """Return our sizes, with the layers that see everything."""
        found = super().read_sizes({"rope_theta": 1_000_000.0, **published})
        local = {"rope_local_base_freq": 10_000.0, **published}
        rope = read_rope(local, "sliding_attention")
        if rope["rope_type"] != "default":
            raise ValueError(f"rope_type={rope['rope_type']!r} in layers with a window")
        found["rope_theta_local"] = rope["rope_theta"]
        pattern = published.get("sliding_window_pattern", 6)
        return found | {"global_layers": full_layers(published, pattern)}

    @classmethod
    def write(cls, config: Gemma3Config) -> dict[str, Any]:
        """Return the fields of a config.json that other programs read."""
        return super().write(config) | {
            "rope_local_base_freq": config.rope_theta_local,
            "layer_types": layer_types(config.n_layers, config.global_layers),
        }


def full_layers(published: Mapping[str, Any], every: int) -> tuple[int, ...]:
    """Return the layers without a window: as listed, or the last of `every` so many.

    Raises:
        ValueError: The list has another length, or kinds of layers that we do not know.
    """
    n_layers = published["num_hidden_layers"]
    types = published.get("layer_types")
    types = types or layer_types(n_layers, range(every - 1, n_layers, every))
    if len(types) != n_layers or not set(types) <= set(KINDS):
        found = f"{len(types)} layer_types, of {', '.join(sorted(set(types)))}"
        raise ValueError(f"{found}, expected {n_layers} of {' and '.join(KINDS)}")
    return tuple(layer for layer, kind in enumerate(types) if kind == "full_attention")


def layer_types(n_layers: int, without_window: Collection[int]) -> list[str]:
    """Return the kind of each layer, as config.json lists them."""
    return [KINDS[layer in without_window] for layer in range(n_layers)]
