import torch
from torch.testing import assert_close


def test_min_p_keeps_what_is_likely_enough(exercise):
    logits = torch.tensor([0.5, 0.3, 0.15, 0.05]).log().expand(2000, -1)
    generator = torch.Generator().manual_seed(0)
    drawn = exercise.sample_min_p(logits, 0.2, generator)
    assert set(drawn.tolist()) == {0, 1, 2}
    assert_close((drawn == 1).float().mean().item(), 0.3 / 0.95, rtol=0, atol=0.04)


def test_min_p_1_is_greedy(exercise):
    logits = torch.randn(20, 30, generator=torch.Generator().manual_seed(0))
    assert torch.equal(exercise.sample_min_p(logits, 1.0), logits.argmax(-1))


def test_repeated_tokens_become_less_likely(exercise):
    logits = torch.tensor([[2.0, -2.0, 1.0, -1.0]])
    before = logits.clone()
    out = exercise.penalize_repeats(logits, torch.tensor([[0, 1, 0]]), 2.0)
    assert out.tolist() == [[1.0, -4.0, 1.0, -1.0]]
    assert torch.equal(logits, before)
