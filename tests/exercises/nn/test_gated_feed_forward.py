import pytest
import torch
import transformers
from torch.testing import assert_close
from transformers.models.glm.modeling_glm import GlmMLP


@pytest.mark.parametrize(
    ("dim", "multiplier", "multiple_of", "expected"),
    [
        (4096, 1.0, 256, 11_008),  # Llama 2 7B
        (5120, 1.0, 256, 13_824),  # Llama 2 13B
        (8192, 1.3, 4096, 28_672),  # Llama 2 70B
        (4096, 1.3, 1024, 14_336),  # Llama 3 8B
        (768, 1.0, 256, 2048),
    ],
)
def test_the_widths_are_those_of_published_models(exercise, dim, multiplier, multiple_of, expected):
    sizes = {"multiplier": multiplier, "multiple_of": multiple_of}
    assert exercise.gated_hidden_dim(dim, **sizes) == expected


def test_a_fused_matrix_gives_what_glm_computes(exercise):
    torch.manual_seed(0)
    config = transformers.GlmConfig(
        hidden_size=8, intermediate_size=12, num_attention_heads=2, num_key_value_heads=1
    )
    theirs, x = GlmMLP(config), torch.randn(3, 8)
    ours = exercise.from_fused(theirs.gate_up_proj.weight.data, theirs.down_proj.weight.data)
    assert_close(ours(x), theirs(x), rtol=1e-5, atol=1e-6)
