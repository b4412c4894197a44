"""The files of GPT-2."""

from collections.abc import Mapping
from typing import Any, ClassVar

from llm_book.models.gpt2 import GPT2, WEIGHT_NAMES, GPT2Config
from llm_book.pretrained.family import Family


class GPT2Family(Family):
    """GPT-2, in the names of OpenAI's files and in those of transformers."""

    model, config = GPT2, GPT2Config
    fields: ClassVar = {
        "vocab_size": "vocab_size",
        "n_positions": "context_length",
        "n_embd": "dim",
        "n_layer": "n_layers",
        "n_head": "n_heads",
        "layer_norm_epsilon": "norm_eps",
        "embd_pdrop": "dropout",
    }
    defaults: ClassVar = {
        "n_inner": ("hidden_dim", None),
        "tie_word_embeddings": ("tie_embeddings", True),
    }
    constants: ClassVar = {"scale_attn_weights": True, "scale_attn_by_inverse_layer_idx": False}
    kind: ClassVar = {"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"]}
    # OpenAI's files name the parts bare, those of transformers with its prefix.
    weight_names = (
        WEIGHT_NAMES,
        {ours: f"transformer.{name}" for ours, name in WEIGHT_NAMES.items()} | {"head": "lm_head"},
    )
    ignored_names = ("*h.*.attn.bias", "*h.*.attn.masked_bias")  # masks, which are no weights

    @classmethod
    def read_sizes(cls, published: Mapping[str, Any]) -> dict[str, Any]:
        """Return our sizes, and which GELU is meant."""
        gelu = published["activation_function"]
        if gelu not in ("gelu", "gelu_new"):
            raise ValueError(f"activation_function={gelu!r}, expected gelu_new or gelu")
        return super().read_sizes(published) | {"exact_gelu": gelu == "gelu"}

    @classmethod
    def write(cls, config: GPT2Config) -> dict[str, Any]:
        """Return the fields of a config.json; one dropout of ours stands for three."""
        return super().write(config) | {
            "activation_function": "gelu" if config.exact_gelu else "gelu_new",
            "attn_pdrop": config.dropout,
            "resid_pdrop": config.dropout,
        }
