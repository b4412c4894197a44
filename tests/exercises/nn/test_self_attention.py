import torch
from torch.testing import assert_close

from llm_book.nn.self_attention import attend, causal_mask


def test_the_loops_do_what_attend_does(exercise):
    torch.manual_seed(0)
    queries, keys, values = torch.randn(3, 9, 4)
    mask = causal_mask(torch.arange(9), torch.arange(9))
    expected = attend(queries, keys, values, mask)
    assert_close(exercise.attend_by_loops(queries, keys, values), expected, rtol=1e-5, atol=1e-6)


def test_the_loops_survive_large_scores(exercise):
    queries = torch.full((3, 4), 30.0)
    assert exercise.attend_by_loops(queries, queries, queries).isfinite().all()


def test_texts_packed_into_a_row_do_not_see_each_other(exercise):
    mask = exercise.document_mask(torch.tensor([0, 1, 2, 0, 1]))
    expected = torch.block_diag(torch.ones(3, 3).tril(), torch.ones(2, 2).tril()).bool()
    assert torch.equal(mask, expected)


def test_one_text_has_the_causal_mask(exercise):
    positions = torch.arange(6)
    assert torch.equal(exercise.document_mask(positions), causal_mask(positions, positions))
