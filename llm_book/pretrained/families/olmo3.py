"""The files of OLMo 3."""

from collections.abc import Mapping
from typing import Any, ClassVar

from llm_book.models.olmo3 import WEIGHT_NAMES, Olmo3, Olmo3Config
from llm_book.pretrained.families.gemma3 import full_layers, layer_types
from llm_book.pretrained.families.llama import RotaryFamily


class Olmo3Family(RotaryFamily):
    """OLMo 3, whose every fourth layer sees everything if the file does not list them."""

    model, config = Olmo3, Olmo3Config
    defaults: ClassVar = {
        "sliding_window": ("window", 4096),
        "tie_word_embeddings": ("tie_embeddings", False),
    }
    constants: ClassVar = {"hidden_act": "silu", "attention_bias": False}
    kind: ClassVar = {"model_type": "olmo3", "architectures": ["Olmo3ForCausalLM"]}
    weight_names = (WEIGHT_NAMES,)

    @classmethod
    def read_sizes(cls, published: Mapping[str, Any]) -> dict[str, Any]:
        """Return our sizes, with the layers that see everything."""
        return super().read_sizes(published) | {"global_layers": full_layers(published, 4)}

    @classmethod
    def write(cls, config: Olmo3Config) -> dict[str, Any]:
        """Return the fields of a config.json that other programs read."""
        types = layer_types(config.n_layers, config.global_layers)
        return super().write(config) | {"layer_types": types}
