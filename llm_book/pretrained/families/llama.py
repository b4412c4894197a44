"""The files of Llama, whose names most later families took over."""

from collections.abc import Mapping
from typing import Any, ClassVar

from llm_book.models.llama import WEIGHT_NAMES, Llama, LlamaConfig
from llm_book.pretrained.family import Family, read_rope

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


class RotaryFamily(Family):
    """A family with Llama's names of sizes, whose queries and keys turn."""

    fields: ClassVar = LLAMA_FIELDS

    @classmethod
    def read_sizes(cls, published: Mapping[str, Any]) -> dict[str, Any]:
        """Return our sizes, and how queries and keys turn."""
        found, rope = super().read_sizes(published), read_rope(published, "full_attention")
        found["rope_theta"] = rope.pop("rope_theta")
        share = rope.pop("partial_rotary_factor", None)
        if hasattr(cls.config, "rotary_share"):
            found |= {} if share is None else {"rotary_share": share}
        elif share not in (None, 1):
            raise ValueError(f"partial_rotary_factor={share}, expected 1")
        found["rope_scaling"] = None if rope["rope_type"] == "default" else rope
        return found

    @classmethod
    def write(cls, config: Any) -> dict[str, Any]:
        """Return the fields of a config.json that other programs read."""
        scaling = config.rope_scaling and dict(config.rope_scaling)
        rope = {"rope_theta": config.rope_theta, "rope_scaling": scaling}
        if hasattr(config, "rotary_share"):
            rope["partial_rotary_factor"] = config.rotary_share
        return super().write(config) | rope


class LlamaFamily(RotaryFamily):
    """Llama 2 to 3.3."""

    model, config = Llama, LlamaConfig
    defaults: ClassVar = {
        "head_dim": ("head_dim", None),
        "tie_word_embeddings": ("tie_embeddings", False),
    }
    constants: ClassVar = {"hidden_act": "silu", "attention_bias": False, "mlp_bias": False}
    kind: ClassVar = {"model_type": "llama", "architectures": ["LlamaForCausalLM"]}
    weight_names = (WEIGHT_NAMES,)
    ignored_names = ("*.rotary_emb.inv_freq",)
