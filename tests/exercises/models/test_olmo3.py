import pytest
import torch
from torch.testing import assert_close

from llm_book.models.olmo3 import OLMO_3_7B, OLMO_3_32B, Olmo3
from llm_book.nn.rms_norm import rms_norm
from llm_book.nn.rotary_embedding import RotaryEmbedding

H, D = 4, 8


def largest_scores(queries, keys, q_weight, k_weight):
    """Return the largest score of each head, over all pairs of positions."""
    rotary, positions = RotaryEmbedding(D), torch.arange(queries.shape[0])
    turned = [
        rotary(rms_norm(x, weight, 0.0)[None], positions)[0]
        for x, weight in ((queries, q_weight), (keys, k_weight))
    ]
    return torch.einsum("thd,shd->hts", *turned).amax((1, 2)) / D**0.5


def test_with_weights_of_one_it_is_the_number_of_heads_times_the_root_of_their_width(exercise):
    assert_close(
        exercise.score_ceiling(torch.ones(H, D), torch.ones(H, D)), H * torch.full((H,), D**0.5)
    )


def test_no_random_score_exceeds_it(exercise):
    torch.manual_seed(0)
    q_weight, k_weight = torch.randn(2, H, D)
    x = torch.randn(2, 200, H, D) * torch.tensor([9.0, 1, 1, 1])[:, None]
    scores = largest_scores(*x, q_weight, k_weight)
    assert (scores <= exercise.score_ceiling(q_weight, k_weight) + 1e-4).all()


def test_a_query_and_a_key_of_one_feature_reach_it(exercise):
    q_weight, k_weight = torch.ones(2, H, D)
    q_weight[2, 5], k_weight[2, 5] = 3.0, -0.5
    k_weight[2, :5] = k_weight[2, 6:] = 0.25
    x = torch.zeros(2, 1, H, D)
    x[0, 0, 2, 5], x[1, 0, 2, 5] = 1.0, -1.0
    scores = largest_scores(*x, q_weight, k_weight)
    assert_close(scores[2], exercise.score_ceiling(q_weight, k_weight)[2])


@pytest.mark.parametrize("length", [100, 4096, 4097, 65_536])
@pytest.mark.parametrize("config", [OLMO_3_7B, OLMO_3_32B], ids=["7B", "32B"])
def test_the_bytes_are_those_of_the_caches(exercise, config, length):
    with torch.device("meta"):
        caches = Olmo3(config).bfloat16().make_cache(1, length)
    expected = sum(cache.keys.nbytes + cache.values.nbytes for cache in caches)
    assert exercise.cache_bytes(config, length) == expected
    assert exercise.cache_bytes(config, length, bytes_per_number=4) == 2 * expected
