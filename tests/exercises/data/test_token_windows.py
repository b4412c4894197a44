import pytest

from llm_book.data.token_windows import TokenWindows


@pytest.mark.parametrize("n_tokens", [5, 6, 17, 100])
@pytest.mark.parametrize("context_length", [1, 4])
@pytest.mark.parametrize("stride", [1, 3, 4, 50])
def test_the_count_is_that_of_the_package(exercise, n_tokens, context_length, stride):
    expected = len(TokenWindows(range(n_tokens), context_length, stride))
    assert exercise.count_windows(n_tokens, context_length, stride) == expected


@pytest.mark.parametrize("n_tokens", [0, 1, 4])
def test_too_few_tokens_give_no_window(exercise, n_tokens):
    assert exercise.count_windows(n_tokens, 4, 1) == 0


def test_the_split_of_twelve_tokens_by_hand(exercise):
    training, validation = exercise.split_windows(list(range(12)), 2, 0.6)
    assert training == [[0, 1, 2], [2, 3, 4], [4, 5, 6]]
    assert validation == [[7, 8, 9], [9, 10, 11]]


@pytest.mark.parametrize("fraction", [0.5, 0.77, 0.9])
def test_no_token_is_in_both_parts(exercise, fraction):
    training, validation = exercise.split_windows(list(range(1001)), 4, fraction)
    assert {token for window in training for token in window}.isdisjoint(
        token for window in validation for token in window
    )


@pytest.mark.parametrize("fraction", [0.5, 0.77, 0.9])
def test_each_part_uses_as_many_tokens_as_it_can(exercise, fraction):
    training, validation = exercise.split_windows(list(range(1001)), 4, fraction)
    cut = int(1001 * fraction)
    assert len(training) == len(TokenWindows(range(cut), 4, 4))
    assert len(validation) == len(TokenWindows(range(1001 - cut), 4, 4))
