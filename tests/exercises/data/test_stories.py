import math

import pytest

from llm_book.data.stories import Grammar, StoryGrammar

COIN = [(1, "heads"), (1, "tails")]
ANIMALS = ("the ", [(3, "cat"), (1, "horse")])
TINY = """
[plan]
{hero}

[story]
{hero.name} ran. {hero.They} {fell|flew}.

[hero: name they]
*3 Ann | she
Bob | he
"""


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        ("hello", (0, 5, 1)),
        ((), (0, 0, 1)),
        (COIN, (math.log(2), 5, 2)),
        ((COIN, ", ", COIN), (2 * math.log(2), 12, 4)),
        ([(1, COIN), (1, "edge")], (1.5 * math.log(2), 4.5, 3)),
        (ANIMALS, (2 * math.log(2) - 0.75 * math.log(3), 7.5, 2)),
    ],
)
def test_a_tree_is_measured_by_hand(exercise, tree, expected):
    assert exercise.measure(tree) == pytest.approx(expected)


def test_a_tree_that_says_what_a_grammar_says_measures_the_same(exercise):
    end = [(1, "fell."), (1, "flew.")]
    tree = [(3, ("Ann ran. She ", end)), (1, ("Bob ran. He ", end))]
    assert exercise.measure(tree) == pytest.approx(Grammar(TINY).per_story)


@pytest.mark.parametrize(
    ("beginning", "expected"),
    [
        ("", {"A": 3 / 4, "B": 1 / 4}),
        ("Ann ran. S", {"h": 1}),
        ("Bob ran. He f", {"e": 1 / 2, "l": 1 / 2}),
        ("Bob ran. S", {}),
        ("Bob ran. He fell.", {}),
    ],
)
def test_next_characters_by_hand(exercise, beginning, expected):
    alphabet = "ABSHabcdefghijklmnopqrstuvwxyz ."
    found = exercise.next_characters(Grammar(TINY), beginning, alphabet)
    assert found == pytest.approx(expected)


@pytest.mark.parametrize("cut", [0, 40, 200])
def test_next_characters_of_a_story_have_probability_one_together(exercise, cut):
    grammar = StoryGrammar("en")
    alphabet = "".join(sorted(set("".join(grammar.sample(300)))))
    beginning = grammar.sample(1, seed=4)[0][:cut]
    found = exercise.next_characters(grammar, beginning, alphabet)
    assert sum(found.values()) == pytest.approx(1)
