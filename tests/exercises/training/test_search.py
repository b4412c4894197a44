import pytest


@pytest.mark.parametrize(
    ("share", "chance", "expected"),
    [(0.05, 0.95, 59), (0.5, 0.5, 1), (0.5, 0.9, 4), (0.01, 0.5, 69)],
)
def test_so_many_draws_hit_the_best_ones(exercise, share, chance, expected):
    assert exercise.trials_needed(share, chance) == expected


def test_the_best_of_four_steady_trials_wins_with_half_of_the_evaluations(exercise):
    curves = [[level - 0.1 * n for n in range(8)] for level in (4.0, 2.0, 3.0, 5.0)]
    # 4 trials once, 2 to their second, 1 to its fourth: it is alone then.
    assert exercise.halve(curves) == (1, 4 + 2)


def test_two_late_bloomers_are_lost(exercise):
    slow = [5.0, 4.9, 1.0, 0.5]
    assert exercise.halve([[3.0, 2.9, 2.8, 2.7], slow, [3.1, 3.0, 2.9, 2.8]])[0] == 0


def test_with_an_odd_number_the_larger_half_goes_on(exercise):
    curves = [[3.0, 3.0], [2.0, 2.9], [1.0, 2.8], [4.0, 0.0], [5.0, 5.0]]
    assert exercise.halve(curves) == (2, 5 + 3)


def test_curves_that_end_are_compared_at_their_end(exercise):
    curves = [[float(8 - k), float(k)] for k in range(8)]
    assert exercise.halve(curves) == (4, 8 + 4)


def test_a_single_trial_is_evaluated_once(exercise):
    assert exercise.halve([[1.0, 2.0]]) == (0, 1)
