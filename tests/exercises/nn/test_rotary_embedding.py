import pytest
import torch
from torch.testing import assert_close

from llm_book.nn.rotary_embedding import RotaryEmbedding, rotary_frequencies


def test_reordered_projections_give_the_same_scores_with_halves(exercise):
    torch.manual_seed(0)
    n_heads, width = 3, 8
    x = torch.randn(1, 7, 10)
    projections = torch.randn(2, n_heads * width, 10)

    def scores(weights, rotary):
        q, k = (rotary((x @ w.T).unflatten(-1, (n_heads, width)), torch.arange(7)) for w in weights)
        return q.transpose(1, 2) @ k.transpose(1, 2).mT

    expected = scores(projections, RotaryEmbedding(width, interleaved=True))
    reordered = [exercise.to_halves(weight, n_heads) for weight in projections]
    assert_close(scores(reordered, RotaryEmbedding(width)), expected, rtol=1e-4, atol=1e-4)
    assert not torch.allclose(scores(projections, RotaryEmbedding(width)), expected, atol=0.1)


@pytest.mark.parametrize("factor", [2.0, 8.0])
@pytest.mark.parametrize(("theta", "dim"), [(10_000.0, 64), (500_000.0, 128)])
def test_the_last_pair_is_slowed_and_the_first_is_not(exercise, theta, dim, factor):
    before = rotary_frequencies(dim, theta)
    after = rotary_frequencies(dim, exercise.slower_base(theta, dim, factor))
    assert after[0] == before[0] == 1
    assert (before / after)[-1].item() == pytest.approx(factor, rel=1e-4)
