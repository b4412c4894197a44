import pytest

from llm_book.appendix.training_run import Stopped
from llm_book.training.trainer import History


def history_of(*losses):
    return History(validation=[(100 * i, loss) for i, loss in enumerate(losses)])


@pytest.mark.parametrize(
    "losses", [(), (5.0,), (5.0, 4.0, 4.1), (5.0, 6.0, 4.0, 5.0), (3.0, 3.1, 2.9, 3.5)]
)
def test_patience_goes_on_while_a_best_is_recent(exercise, losses):
    assert exercise.Patience(2)(history_of(*losses)) is None


@pytest.mark.parametrize("losses", [(5.0, 5.1, 5.2), (5.0, 4.0, 4.5, 4.1), (3.0, 3.0, 3.0)])
def test_patience_ends_when_the_best_is_too_old(exercise, losses):
    with pytest.raises(Stopped):
        exercise.Patience(2)(history_of(*losses))


def test_a_resumed_run_ends_where_the_whole_one_does(exercise):
    losses = (5.0, 4.0, 4.2, 4.1)
    with pytest.raises(Stopped):
        exercise.Patience(2)(history_of(*losses))  # a new object, which has seen nothing before


def test_a_step_that_is_called_often_without_evaluations_uses_up_no_patience(exercise):
    patience = exercise.Patience(1)
    for _ in range(10):
        assert patience(history_of(5.0, 4.0)) is None


def test_half_of_the_old_run_is_a_third_of_the_new_one(exercise):
    assert exercise.rate_after_change(300, 600, 900) == pytest.approx(1.5)
    assert exercise.rate_after_change(0, 600, 900) == pytest.approx(1.0)
