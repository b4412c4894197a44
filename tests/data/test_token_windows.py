import numpy as np
import pytest
import torch

from llm_book.data.token_windows import TokenWindows, make_loader

NUMBERS = range(1001)  # token i is the number i, so that a window shows where it stands


def rows(dataset):
    return [(inputs.tolist(), targets.tolist()) for inputs, targets in dataset]


def test_the_windows_of_seven_tokens_by_hand():
    assert rows(TokenWindows([10, 11, 12, 13, 14, 15, 16], 3, 2)) == [
        ([10, 11, 12], [11, 12, 13]),
        ([12, 13, 14], [13, 14, 15]),
    ]


@pytest.mark.parametrize("stride", [1, 3, 4, 7])
@pytest.mark.parametrize("context_length", [1, 4, 1000])
def test_every_window_starts_where_the_stride_says(context_length, stride):
    windows = TokenWindows(NUMBERS, context_length, stride)
    for index, (inputs, targets) in enumerate(windows):
        start = index * stride
        assert inputs.tolist() == list(range(start, start + context_length))
        assert targets.tolist() == list(range(start + 1, start + 1 + context_length))


@pytest.mark.parametrize("stride", [1, 3, 4, 7])
@pytest.mark.parametrize("context_length", [1, 4, 1000])
def test_there_are_as_many_windows_as_fit(context_length, stride):
    fit = [start for start in range(0, 1001, stride) if start + context_length < 1001]
    assert len(TokenWindows(NUMBERS, context_length, stride)) == len(fit)


def test_a_stride_of_the_context_length_predicts_every_token_once():
    targets = [target for _, row in rows(TokenWindows(NUMBERS, 4, 4)) for target in row]
    assert targets == list(range(1, 1001))


def test_a_stride_of_one_shows_a_token_in_every_place():
    places = [row.index(500) for row, _ in rows(TokenWindows(NUMBERS, 4, 1)) if 500 in row]
    assert sorted(places) == [0, 1, 2, 3]


@pytest.mark.parametrize(
    "tokens",
    [
        list(range(9)),
        torch.arange(9, dtype=torch.int32),
        np.arange(9, dtype=np.uint16),
    ],
)
def test_any_sequence_of_ids_becomes_int64(tokens):
    inputs, targets = TokenWindows(tokens, 8, 8)[0]
    assert inputs.dtype == targets.dtype == torch.int64
    assert targets.tolist() == [1, 2, 3, 4, 5, 6, 7, 8]


def test_windows_share_the_memory_of_the_tokens():
    tokens = torch.arange(1001)
    assert TokenWindows(tokens, 4, 1)[3][0].data_ptr() == tokens[3:].data_ptr()


@pytest.mark.parametrize("count", [0, 1, 4])
def test_fewer_tokens_than_a_window_and_its_target_are_refused(count):
    with pytest.raises(ValueError, match=f"{count} tokens are too few .* 5 are needed"):
        TokenWindows(list(range(count)), 4, 1)


def test_one_token_more_than_the_context_is_one_window():
    assert rows(TokenWindows([0, 1, 2, 3, 4], 4, 1)) == [([0, 1, 2, 3], [1, 2, 3, 4])]


@pytest.mark.parametrize(("context_length", "stride"), [(0, 1), (4, 0), (4, -1)])
def test_sizes_below_one_are_refused(context_length, stride):
    with pytest.raises(ValueError, match="must be at least 1"):
        TokenWindows(NUMBERS, context_length, stride)


def starts(loader):
    return [int(row[0]) for inputs, _ in loader for row in inputs]


def test_a_batch_holds_inputs_and_targets():
    inputs, targets = next(iter(make_loader(NUMBERS, context_length=4, batch_size=8)))
    assert inputs.shape == targets.shape == (8, 4)
    assert torch.equal(targets, inputs + 1)


def test_without_shuffling_the_batches_follow_the_text():
    loader = make_loader(NUMBERS, context_length=4, batch_size=3, shuffle=False)
    assert starts(loader) == list(range(0, 1000, 4))


def test_shuffling_changes_the_order_and_nothing_else():
    shuffled = starts(make_loader(NUMBERS, context_length=4, batch_size=3))
    assert shuffled != sorted(shuffled)
    assert sorted(shuffled) == list(range(0, 1000, 4))


def test_every_epoch_has_an_order_of_its_own():
    loader = make_loader(NUMBERS, context_length=4, batch_size=3)
    assert starts(loader) != starts(loader)


def test_the_order_depends_on_the_seed_alone():
    first = starts(make_loader(NUMBERS, context_length=4, batch_size=3, seed=5))
    torch.rand(7)
    assert starts(make_loader(NUMBERS, context_length=4, batch_size=3, seed=5)) == first
    assert starts(make_loader(NUMBERS, context_length=4, batch_size=3, seed=6)) != first


@pytest.mark.parametrize(("drop_last", "sizes"), [(False, [100, 100, 50]), (True, [100, 100])])
def test_the_last_batch_is_smaller_or_dropped(drop_last, sizes):
    loader = make_loader(NUMBERS, context_length=4, batch_size=100, drop_last=drop_last)
    assert [len(inputs) for inputs, _ in loader] == sizes


def test_a_loader_that_would_be_empty_is_refused():
    with pytest.raises(ValueError, match="250 windows do not fill one batch of 251"):
        make_loader(NUMBERS, context_length=4, batch_size=251, drop_last=True)
