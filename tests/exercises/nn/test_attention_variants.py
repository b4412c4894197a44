import pytest
import torch
from torch.testing import assert_close

from llm_book.nn.attention_variants import Running
from llm_book.nn.self_attention import attend, causal_mask


def remember(scores, values):
    return Running.start(torch.zeros(len(scores), values.shape[-1])).take_in(scores, values)


@pytest.fixture
def parts():
    torch.manual_seed(0)
    return [(6 * torch.randn(5, n), torch.randn(n, 3)) for n in (4, 1, 7)]


def test_two_memories_joined_are_one_that_met_all_keys(exercise, parts):
    (scores, values), (more_scores, more_values), _ = parts
    joined = exercise.join(remember(scores, values), remember(more_scores, more_values))
    whole = remember(torch.cat((scores, more_scores), -1), torch.cat((values, more_values)))
    for mine, expected in zip(joined, whole, strict=True):
        assert_close(mine, expected)


def test_the_order_of_joining_does_not_matter(exercise, parts):
    a, b, c = (remember(scores, values) for scores, values in parts)
    one = exercise.join(exercise.join(a, b), c)
    other = exercise.join(b, exercise.join(c, a))
    for mine, expected in zip(one, other, strict=True):
        assert_close(mine, expected)


def test_a_memory_of_nothing_changes_nothing(exercise, parts):
    memory = remember(*parts[0])
    for mine, expected in zip(
        exercise.join(memory, Running.start(torch.zeros(5, 3))), memory, strict=True
    ):
        assert_close(mine, expected)


@pytest.mark.parametrize("n_parts", [1, 2, 3, 12])
def test_attention_in_parts_is_attention(exercise, n_parts):
    torch.manual_seed(0)
    queries, keys, values = torch.randn(2, 5, 4), 4 * torch.randn(2, 12, 4), torch.randn(2, 12, 4)
    mixed = exercise.attend_in_parts(queries, keys, values, n_parts)
    assert_close(mixed, attend(queries, keys, values), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("window", [None, 1, 2, 5, 8, 9, 100])
@pytest.mark.parametrize("tile", [1, 3, 8, 40])
@pytest.mark.parametrize("length", [1, 24, 29])
def test_the_pairs_are_those_with_a_visible_key(exercise, length, tile, window):
    positions = torch.arange(length)
    mask = causal_mask(positions, positions, window)
    blocks = [block.any() for rows in mask.split(tile) for block in rows.split(tile, -1)]
    assert exercise.tile_pairs(length, tile, window) == sum(map(bool, blocks))
