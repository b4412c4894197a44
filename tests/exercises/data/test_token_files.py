from itertools import islice

import pytest


def test_every_window_lies_in_one_shard(exercise):
    lengths, context_length = [5, 3, 8], 2
    found = [exercise.find_window(lengths, context_length, window) for window in range(10)]
    assert found == [(0, 0), (0, 1), (0, 2), (1, 0), *((2, place) for place in range(6))]


def test_a_shard_shorter_than_a_window_has_none(exercise):
    assert exercise.find_window([4, 1, 4], 3, 1) == (2, 0)


@pytest.mark.parametrize("window", [-1, 10, 100])
def test_a_window_that_does_not_exist_is_an_error(exercise, window):
    with pytest.raises(IndexError):
        exercise.find_window([5, 3, 8], 2, window)


def test_every_document_is_followed_by_its_end(exercise):
    documents = [[1, 2], [], [3]]
    assert list(exercise.join_documents(documents, 99)) == [1, 2, 99, 99, 3, 99]


def test_a_document_is_asked_for_only_when_its_turn_comes(exercise):
    asked = []

    def documents():
        for number in range(1000):
            asked.append(number)
            yield [number] * 10

    assert list(islice(exercise.join_documents(documents(), -1), 15)) == [0] * 10 + [-1] + [1] * 4
    assert asked == [0, 1]
