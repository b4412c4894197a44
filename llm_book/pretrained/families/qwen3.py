"""The files of Qwen3, dense and mixture of experts."""

from collections.abc import Mapping
from typing import Any, ClassVar

from llm_book.models.qwen3 import WEIGHT_NAMES, Qwen3, Qwen3Config
from llm_book.pretrained.families.llama import RotaryFamily


class Qwen3Family(RotaryFamily):
    """Qwen3 under two types, of which one has experts."""

    model, config = Qwen3, Qwen3Config
    defaults: ClassVar = {
        "head_dim": ("head_dim", 128),
        "tie_word_embeddings": ("tie_embeddings", False),
    }
    constants: ClassVar = {
        "hidden_act": "silu",
        "attention_bias": False,
        "use_sliding_window": False,
    }
    weight_names = (WEIGHT_NAMES,)

    @classmethod
    def read_sizes(cls, published: Mapping[str, Any]) -> dict[str, Any]:
        """Return our sizes, those of the experts included."""
        found = super().read_sizes(published)
        if published["model_type"] == "qwen3":
            return found
        layers, step = range(found["n_layers"]), published.get("decoder_sparse_step", 1)
        if step < 1:
            raise ValueError(f"decoder_sparse_step={step}, expected at least 1")
        dense = {layer for layer in layers if (layer + 1) % step}
        return found | {
            "n_experts": published.get("num_local_experts") or published["num_experts"],
            "n_active_experts": published["num_experts_per_tok"],
            "expert_dim": published["moe_intermediate_size"],
            "normalize_routing": published.get("norm_topk_prob", False),
            "dense_layers": tuple(sorted(dense | set(published.get("mlp_only_layers") or ()))),
        }

    @classmethod
    def write(cls, config: Qwen3Config) -> dict[str, Any]:
        """Return the fields of a config.json that other programs read."""
        fields = super().write(config)
        if not config.n_experts:
            return fields | {"model_type": "qwen3", "architectures": ["Qwen3ForCausalLM"]}
        return fields | {
            "model_type": "qwen3_moe",
            "architectures": ["Qwen3MoeForCausalLM"],
            "num_experts": config.n_experts,
            "num_experts_per_tok": config.n_active_experts,
            "moe_intermediate_size": config.expert_dim,
            "norm_topk_prob": config.normalize_routing,
            "decoder_sparse_step": 1,
            "mlp_only_layers": list(config.dense_layers),
        }
