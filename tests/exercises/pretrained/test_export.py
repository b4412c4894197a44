from itertools import chain, combinations, pairwise

import pytest
import torch
from torch.testing import assert_close

from llm_book.models.gpt2 import GPT2, GPT2Config
from llm_book.pretrained.export import save_pretrained
from llm_book.pretrained.load import from_pretrained

CASES = [
    ([4, 4, 4, 4, 1], 12),
    ([9, 1, 1, 1, 1, 1, 9], 10),
    ([5, 5, 5], 100),
    ([3, 30, 3, 3], 10),
    ([2, 7, 1, 8, 2, 8, 1, 8], 11),
]


def best(sizes, limit):
    """Try every way to cut: the fewest files, and then the smallest largest file."""
    found = []
    for n_cuts in range(len(sizes)):
        for cuts in combinations(range(1, len(sizes)), n_cuts):
            places = [0, *cuts, len(sizes)]
            files = [sizes[a:b] for a, b in pairwise(places)]
            if all(sum(file) <= limit or len(file) == 1 for file in files):
                found.append((len(files), max(map(sum, files))))
    return min(found)


@pytest.mark.parametrize(("sizes", "limit"), CASES)
def test_no_way_to_cut_is_better(exercise, sizes, limit):
    files = exercise.cut_evenly(sizes, limit)
    assert list(chain(*files)) == sizes
    assert all(sum(file) <= limit or len(file) == 1 for file in files)
    assert (len(files), max(map(sum, files))) == best(sizes, limit)


def test_the_mean_of_three_models_is_written(exercise, tmp_path):
    models = []
    for seed in range(3):
        torch.manual_seed(seed)
        config = GPT2Config(vocab_size=50, context_length=16, dim=8, n_layers=2, n_heads=2)
        models.append(GPT2(config))
        for parameter in models[-1].parameters():
            torch.nn.init.normal_(parameter)
        save_pretrained(models[-1], tmp_path / str(seed))
    exercise.soup([tmp_path / str(seed) for seed in range(3)], tmp_path / "soup")
    mean = from_pretrained(tmp_path / "soup")
    assert mean.head.weight is mean.embedding.token.weight
    for name, parameter in mean.named_parameters():
        expected = sum(model.get_parameter(name) for model in models) / 3
        assert_close(parameter, expected, rtol=1e-5, atol=1e-6)
