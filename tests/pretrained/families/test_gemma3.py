import pytest
import torch
import transformers as hf
from torch.testing import assert_close

from llm_book.models.gemma3 import GEMMA_3_4B, GEMMA_3_270M
from llm_book.pretrained.families.gemma3 import Gemma3Family, full_layers, layer_types
from llm_book.pretrained.load import from_pretrained
from tests.models import oracle

TEXT = oracle.SIZES | {
    "head_dim": 16,
    "sliding_window": 5,
    "layer_types": ["sliding_attention", "full_attention"] * 2,
}
PICTURES = {
    "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
    "image_size": 28, "patch_size": 14,
}  # fmt: skip


@torch.no_grad()
def test_of_a_model_that_reads_pictures_the_text_part_is_loaded(tmp_path):
    torch.manual_seed(0)
    text = {name: size for name, size in TEXT.items() if name != "attn_implementation"}
    config = hf.Gemma3Config(text_config=text, vision_config=PICTURES, mm_tokens_per_image=4)
    theirs = hf.Gemma3ForConditionalGeneration(config).eval()
    oracle.randomize(theirs, norms_around=0.0)
    theirs.save_pretrained(tmp_path)
    tokens = oracle.random_tokens()
    assert_close(from_pretrained(tmp_path)(tokens), theirs(tokens).logits, **oracle.TOLERANCE)


def test_a_hub_file_of_a_model_that_reads_pictures_is_the_preset():
    published = {
        "architectures": ["Gemma3ForConditionalGeneration"],
        "model_type": "gemma3",
        "text_config": {
            "hidden_size": 2560,
            "intermediate_size": 10_240,
            "model_type": "gemma3_text",
            "num_hidden_layers": 34,
            "rope_scaling": {"factor": 8.0, "rope_type": "linear"},
            "sliding_window": 1024,
        },
        "vision_config": {"hidden_size": 1152},
    }
    assert Gemma3Family.read(published) == GEMMA_3_4B
    published["text_config"]["final_logit_softcapping"] = 30.0
    with pytest.raises(ValueError, match=r"final_logit_softcapping=30.0, expected None"):
        Gemma3Family.read(published)


def test_a_hub_file_of_the_older_dialect_is_read():
    fields = Gemma3Family.write(GEMMA_3_270M)
    del fields["layer_types"]
    assert Gemma3Family.read(fields | {"sliding_window_pattern": 6}) == GEMMA_3_270M


def test_layers_are_listed_as_they_are_published():
    types = layer_types(4, (1, 3))
    assert types == ["sliding_attention", "full_attention"] * 2
    assert full_layers({"num_hidden_layers": 4, "layer_types": types}, 6) == (1, 3)
    assert full_layers({"num_hidden_layers": 12}, 6) == (5, 11)


@pytest.mark.parametrize(
    ("types", "message"),
    [
        (["full_attention"], "1 layer_types, of full_attention, expected 2 of"),
        (["chunked_attention", "full_attention"], "of chunked_attention, full_attention, expected"),
    ],
)
def test_a_list_of_layers_that_we_cannot_follow_is_refused(types, message):
    with pytest.raises(ValueError, match=message):
        full_layers({"num_hidden_layers": 2, "layer_types": types}, 6)


def test_attention_to_later_tokens_is_refused():
    published = Gemma3Family.write(GEMMA_3_270M) | {"use_bidirectional_attention": True}
    with pytest.raises(ValueError, match="use_bidirectional_attention=True, expected False"):
        Gemma3Family.read(published)


def test_a_rotation_that_is_scaled_in_layers_with_a_window_is_refused():
    slow = {"rope_type": "linear", "factor": 8.0, "rope_theta": 1e4}
    rope = {"full_attention": slow, "sliding_attention": slow}
    published = Gemma3Family.write(GEMMA_3_270M) | {"rope_parameters": rope}
    with pytest.raises(ValueError, match="rope_type='linear' in layers with a window"):
        Gemma3Family.read(published)
