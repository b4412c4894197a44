import pytest


@pytest.mark.parametrize(
    ("known", "new", "share"),
    [
        ("the sea is calm", "the sea", 1.0),
        ("the sea is calm", "the boat is new", 0.5),
        ("the sea", "the the  the storm", 0.75),
        ("海很静", "海很静。", 0.5),
        ("", "storm", 0.0),
        ("the sea", " \n", 1.0),
    ],
)
def test_coverage_is_the_share_of_known_words(exercise, known, new, share):
    assert exercise.coverage(known, new) == share


@pytest.mark.parametrize(("share", "needed"), [(0.0, 0), (0.5, 1), (0.6, 2), (0.9, 3), (1.0, 4)])
def test_frequent_words_are_taken_first(exercise, share, needed):
    text = "a a a a a b b b c d"  # 10 words
    assert exercise.vocabulary_needed(text, share) == needed
