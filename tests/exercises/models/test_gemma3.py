import pytest
import torch
from torch.testing import assert_close

from llm_book.models.gemma3 import Gemma3, Gemma3Config
from llm_book.nn.rms_norm import RMSNorm
from llm_book.nn.self_attention import causal_mask

CONFIG = Gemma3Config(
    vocab_size=11, dim=12, n_layers=2, n_heads=2, n_kv_heads=1, hidden_dim=16, head_dim=8,
    window=3, global_layers=(1,),
)  # fmt: skip


def random_model():
    torch.manual_seed(0)
    model = Gemma3(CONFIG)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return model


@torch.no_grad()
def test_a_model_whose_norms_know_no_offset_computes_the_same(exercise):
    model, plain, tokens = random_model(), Gemma3(CONFIG), torch.tensor([[1, 5, 10, 2, 2, 7]])
    for module in plain.modules():
        if isinstance(module, RMSNorm):
            module.offset = 0.0
    plain.load_state_dict(exercise.with_plain_norms(model.state_dict()))
    assert_close(plain(tokens), model(tokens))


def test_the_given_weights_stay_as_they_are(exercise):
    model = random_model()
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    exercise.with_plain_norms(model.state_dict())
    for name, weight in model.state_dict().items():
        assert_close(weight, before[name], rtol=0, atol=0)


def test_a_small_weight_of_bfloat16_is_not_rounded_away(exercise):
    weights = {"norm.weight": torch.tensor([0.003], dtype=torch.bfloat16)}
    assert exercise.with_plain_norms(weights)["norm.weight"].float().item() > 1.002


@pytest.mark.parametrize(
    ("windows", "length"),
    [
        ([4] * 5 + [None], 24),
        ([None, 4], 24),
        ([4, 2, 1, 7], 24),
        ([4, 4], 5),
        ([32] * 5 + [None], 200),
    ],
)
def test_what_is_heard_of_agrees_with_the_masks(exercise, windows, length):
    known, expected = torch.eye(length), []
    positions = torch.arange(length)
    for window in windows:
        known = ((causal_mask(positions, positions, window).float() @ known) > 0).float()
        expected.append(int(known[-1].sum()))
    assert exercise.tokens_heard_of(windows, length) == expected
