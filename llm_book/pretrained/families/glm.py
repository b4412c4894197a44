"""The files of ChatGLM3 and GLM-4, in the names of transformers and of their publisher."""

from collections.abc import Mapping
from typing import Any, ClassVar

from llm_book.models.glm import WEIGHT_NAMES, Glm, GlmConfig
from llm_book.pretrained.families.llama import RotaryFamily
from llm_book.pretrained.family import check_constants

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


class GlmFamily(RotaryFamily):
    """Three generations: chatglm is the publisher's own form, glm and glm4 are transformers'."""

    model, config = Glm, GlmConfig
    defaults: ClassVar = {
        "head_dim": ("head_dim", 128),
        "attention_bias": ("qkv_bias", True),
        "tie_word_embeddings": ("tie_embeddings", False),
    }
    constants: ClassVar = {"hidden_act": "silu"}
    weight_names = (WEIGHT_NAMES, CHATGLM_NAMES)
    ignored_names = ("transformer.rotary_pos_emb.inv_freq",)

    @classmethod
    def read_sizes(cls, published: Mapping[str, Any]) -> dict[str, Any]:
        """Return our sizes, from files of transformers or of the original publisher."""
        if published["model_type"] != "chatglm":
            found = super().read_sizes(published)
            return found | {"post_norms": published["model_type"] == "glm4"}
        check_constants(published, CHATGLM_CONSTANTS)
        return {ours: published[theirs] for theirs, ours in CHATGLM_FIELDS.items()} | {
            "rope_theta": 10_000.0 * published.get("rope_ratio", 1),
            "qkv_bias": published.get("add_qkv_bias", False),
            "tie_embeddings": published.get("tie_word_embeddings", False),
        }

    @classmethod
    def write(cls, config: GlmConfig) -> dict[str, Any]:
        """Return the fields of a config.json that transformers reads."""
        kind = "glm4" if config.post_norms else "glm"
        architecture = f"{kind.capitalize()}ForCausalLM"
        return super().write(config) | {"model_type": kind, "architectures": [architecture]}
