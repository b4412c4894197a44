import pytest
import torch
import transformers as hf
from safetensors.torch import save_file

from llm_book.models.causal_lm import count_parameters
from llm_book.models.glm import CHATGLM3_6B, GLM_4_9B_0414, GLM_4_9B_CHAT, Glm
from llm_book.nn.rotary_embedding import RotaryEmbedding
from llm_book.pretrained.load import from_pretrained
from tests.models import oracle

HALF = {"rope_type": "default", "rope_theta": 10_000.0, "partial_rotary_factor": 0.5}
GLM = {"head_dim": 16, "rope_parameters": HALF}
CASES = {
    "GLM-4": GLM,
    "another share": GLM | {"rope_parameters": HALF | {"partial_rotary_factor": 0.25}},
    "another base": GLM | {"rope_parameters": HALF | {"rope_theta": 5e6}},
    "no bias": GLM | {"attention_bias": False, "num_key_value_heads": 1},
    "tied": GLM | {"tie_word_embeddings": True, "rms_norm_eps": 0.1},
    "GLM-4-0414": GLM | {"norms": "both"},
    "GLM-4-0414, wide": GLM | {"norms": "both", "head_dim": 32, "num_key_value_heads": 4},
}


class Reference:
    """Choose the class by the options, as there are two."""

    def __new__(cls, config):
        both = isinstance(config, hf.Glm4Config)
        return hf.Glm4ForCausalLM(config) if both else hf.GlmForCausalLM(config)


def make_config(norms="before", **options):
    return (hf.Glm4Config if norms == "both" else hf.GlmConfig)(**options)


REFERENCE = Reference, make_config
MISTAKES = {
    "pairs of halves": (
        "GLM-4",
        lambda model: oracle.replace_rotary(model, lambda _: RotaryEmbedding(8, 10_000.0)),
    ),
    "everything turns": (
        "GLM-4",
        lambda model: oracle.replace_rotary(
            model, lambda _: RotaryEmbedding(16, 10_000.0, interleaved=True)
        ),
    ),
    "no bias": ("GLM-4", lambda model: model.blocks[0].attention.q_proj.bias.zero_()),
    "an ignored norm behind": (
        "GLM-4-0414",
        lambda model: model.blocks[0].attention_post_norm.weight.fill_(1.0),
    ),
}


class TestGlm(oracle.Family):
    REFERENCE = REFERENCE
    CASES = CASES
    MISTAKES = MISTAKES


def original_names(theirs):
    """Return the weights of a GlmForCausalLM as the original publisher names and joins them."""
    weights = {}
    for name, weight in theirs.state_dict().items():
        name = name.replace("model.embed_tokens", "transformer.embedding.word_embeddings")
        name = name.replace("model.layers", "transformer.encoder.layers")
        name = name.replace("model.norm", "transformer.encoder.final_layernorm")
        name = name.replace("lm_head", "transformer.output_layer")
        name = name.replace("self_attn.o_proj", "self_attention.dense")
        name = name.replace("gate_up_proj", "dense_h_to_4h").replace("down_proj", "dense_4h_to_h")
        weights[name] = weight
    for layer in range(4):
        prefix = f"transformer.encoder.layers.{layer}"
        for leaf in ("weight", "bias"):
            parts = [weights.pop(f"{prefix}.self_attn.{part}_proj.{leaf}") for part in "qkv"]
            weights[f"{prefix}.self_attention.query_key_value.{leaf}"] = torch.cat(parts)
    weights["transformer.rotary_pos_emb.inv_freq"] = torch.ones(4)
    return {name: weight.contiguous() for name, weight in weights.items()}


@pytest.mark.parametrize("ratio", [1, 500])
def test_the_files_of_the_original_publisher_give_the_same_logits(tmp_path, ratio):
    rope = HALF | {"rope_theta": 10_000.0 * ratio}
    theirs = oracle.reference(*REFERENCE, **GLM | {"rope_parameters": rope})
    save_file(original_names(theirs), tmp_path / "model.safetensors")
    oracle.write_json(
        tmp_path / "config.json",
        {
            "model_type": "chatglm",
            "padded_vocab_size": oracle.V,
            "seq_length": 512,
            "hidden_size": 48,
            "num_layers": 4,
            "num_attention_heads": 4,
            "multi_query_group_num": 2,
            "kv_channels": 16,
            "ffn_hidden_size": 80,
            "layernorm_epsilon": theirs.config.rms_norm_eps,
            "add_qkv_bias": True,
            "rope_ratio": ratio,
        },
    )
    ours = from_pretrained(tmp_path)
    oracle.assert_same_logits(theirs, ours)
    oracle.assert_same_in_chunks(theirs, ours, [10, 9, 5])


@pytest.mark.parametrize(
    ("config", "joined"),
    [(CHATGLM3_6B, 4608), (GLM_4_9B_CHAT, 4608)],
    ids=["ChatGLM3-6B", "GLM-4-9B-chat"],
)
def test_the_presets_join_queries_keys_and_values_as_published(config, joined):
    with torch.device("meta"):
        attention = Glm(config).blocks[0].attention
    parts = (attention.q_proj, attention.k_proj, attention.v_proj)
    assert sum(part.out_features for part in parts) == joined


def test_the_norms_behind_are_all_that_0414_adds_to_a_block():
    with torch.device("meta"):
        before, after = (Glm(config) for config in (GLM_4_9B_CHAT, GLM_4_9B_0414))
    assert count_parameters(after) - count_parameters(before) == 40 * 2 * 4096
