import pytest

from llm_book.training.schedule import warmup_cosine

SETTINGS = {"peak": 0.5, "warmup_steps": 4, "decay_steps": 5, "total_steps": 20}


def test_the_three_parts_meet(exercise):
    found = [exercise.warmup_stable_decay(step, **SETTINGS) for step in range(23)]
    assert found[:5] == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5])
    assert found[4:16] == [0.5] * 12
    assert found[15:] == pytest.approx([0.5, 0.4, 0.3, 0.2, 0.1, 0, 0, 0])


def test_the_warm_up_is_that_of_the_book(exercise):
    for step in range(4):
        book = warmup_cosine(step, peak=0.5, warmup_steps=4, total_steps=20)
        assert exercise.warmup_stable_decay(step, **SETTINGS) == book


def test_without_decay_the_rate_stays_to_the_end(exercise):
    settings = SETTINGS | {"decay_steps": 0}
    assert exercise.warmup_stable_decay(19, **settings) == 0.5


@pytest.mark.parametrize("warmup_steps", [0, 1, 7, 99])
def test_the_mean_rate_is_the_mean_of_the_rates(exercise, warmup_steps):
    settings = {"peak": 3e-3, "warmup_steps": warmup_steps, "total_steps": 100}
    rates = [warmup_cosine(step, **settings) for step in range(100)]
    assert exercise.mean_rate(**settings) == pytest.approx(sum(rates) / 100)
