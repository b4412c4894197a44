import pytest
import torch

from llm_book.nn.self_attention import causal_mask


@pytest.mark.parametrize("window", [2, 3, 4, 7])
def test_the_layers_needed_are_those_after_which_the_first_token_arrives(exercise, window):
    step = causal_mask(torch.arange(20), torch.arange(20), window).double()
    reached, n_layers = torch.eye(20).double(), 0
    for distance in range(20):
        while reached[distance, 0] == 0:
            reached, n_layers = step @ reached, n_layers + 1
        assert exercise.layers_needed(distance, window) == n_layers


def test_the_whole_context_of_mistral_takes_one_layer_more_than_it_has(exercise):
    assert exercise.layers_needed(131_071, 4096) == 33


@pytest.mark.parametrize(("window", "n_sinks"), [(3, 2), (1, 0), (4, 4), (2, 1), (20, 3)])
def test_sinks_stay_visible_and_padding_stays_hidden(exercise, window, n_sinks):
    positions = torch.stack((torch.arange(12), torch.arange(12) - 5))
    mask = exercise.sink_mask(positions, positions, window, n_sinks)
    assert mask.dtype == torch.bool
    for row, places in enumerate(positions.tolist()):
        for t, query in enumerate(places):
            for s, key in enumerate(places):
                seen = 0 <= key <= query and (key > query - window or key < n_sinks)
                assert bool(mask[row, t, s]) == seen


def test_a_query_from_a_cache_sees_its_sinks_too(exercise):
    mask = exercise.sink_mask(torch.tensor([9]), torch.tensor([8, 9, 0, 1, 5]), 2, 1)
    assert mask.tolist() == [[True, True, True, False, False]]
