import pytest

from llm_book.models.glm import CHATGLM3_6B, GLM_4_9B_0414, GLM_4_9B_CHAT
from llm_book.pretrained.families.glm import GlmFamily

# What the publisher's config.json of ChatGLM3-6B says of the model.
CHATGLM3 = {
    "model_type": "chatglm",
    "add_bias_linear": False,
    "add_qkv_bias": True,
    "apply_residual_connection_post_layernorm": False,
    "ffn_hidden_size": 13696,
    "hidden_size": 4096,
    "kv_channels": 128,
    "layernorm_epsilon": 1e-05,
    "multi_query_attention": True,
    "multi_query_group_num": 2,
    "num_attention_heads": 32,
    "num_layers": 28,
    "padded_vocab_size": 65024,
    "post_layer_norm": True,
    "rmsnorm": True,
    "seq_length": 8192,
    "tie_word_embeddings": False,
}


def test_the_config_of_the_original_publisher_is_the_preset():
    assert GlmFamily.read(CHATGLM3) == CHATGLM3_6B


@pytest.mark.parametrize(
    "wrong",
    [
        {"rmsnorm": False},
        {"multi_query_attention": False},
        {"post_layer_norm": False},
        {"apply_residual_connection_post_layernorm": True},
        {"add_bias_linear": True},
    ],
    ids=str,
)
def test_a_choice_that_the_model_does_not_know_is_refused(wrong):
    name, value = next(iter(wrong.items()))
    with pytest.raises(ValueError, match=f"{name}={value}, expected {not value}"):
        GlmFamily.read(CHATGLM3 | wrong)


@pytest.mark.parametrize("config", [GLM_4_9B_CHAT, GLM_4_9B_0414])
def test_the_type_says_if_there_are_norms_behind(config):
    published = GlmFamily.write(config)
    assert published["model_type"] == ("glm4" if config.post_norms else "glm")
    assert GlmFamily.read(published) == config
