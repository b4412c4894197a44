import pytest

from llm_book.data.gutenberg import fingerprint
from llm_book.publishing.own_books import stories


def test_the_lines_of_a_paragraph_are_joined(exercise):
    assert (
        exercise.unwrap("A fox\nfound jam.\n\nIt\ngrinned.\n") == "A fox found jam.\n\nIt grinned."
    )


def test_several_empty_lines_are_one(exercise):
    assert exercise.unwrap("\n\nA fox.\n\n\n\nA cat.\n \nA dog.\n") == "A fox.\n\nA cat.\n\nA dog."


def test_verse_stays_as_it_is(exercise):
    text = "She sang:\n\n  A fox,\n    a box,\n  and socks.\n\nThen she slept."
    assert exercise.unwrap(text) == text


def test_a_line_that_is_broken_elsewhere_gives_the_same_text(exercise):
    texts = {exercise.unwrap(stories(3, width=width)).replace("- ", "-") for width in (40, 70)}
    assert len(texts) == 1


@pytest.mark.parametrize("share", [0.0, 0.05, 0.5, 1.0])
def test_about_the_share_of_all_books_is_chosen(exercise, share):
    chosen = sum(exercise.for_validation(fingerprint(f"book {i}"), share) for i in range(2000))
    assert chosen == pytest.approx(2000 * share, abs=80)


def test_who_belongs_at_a_small_share_belongs_at_a_larger_one(exercise):
    books = [fingerprint(f"book {i}") for i in range(500)]
    few = {book for book in books if exercise.for_validation(book, 0.1)}
    many = {book for book in books if exercise.for_validation(book, 0.3)}
    assert few < many
    assert few == {book for book in books[::-1] if exercise.for_validation(book, 0.1)}
