import math
from itertools import pairwise

import pytest
import torch
from torch.optim.lr_scheduler import CosineAnnealingLR

from llm_book.training.schedule import warmup_cosine

SETTINGS = {"peak": 3e-3, "warmup_steps": 10, "total_steps": 110, "minimum": 3e-4}


def rates(first=0, last=130, **changes):
    return [warmup_cosine(step, **(SETTINGS | changes)) for step in range(first, last)]


def test_a_schedule_of_eight_steps_worked_by_hand():
    found = [warmup_cosine(step, peak=1, warmup_steps=3, total_steps=7) for step in range(9)]
    middle = (1 + math.cos(math.pi / 4)) / 2
    assert found == pytest.approx([1 / 4, 2 / 4, 3 / 4, 1, middle, 1 / 2, 1 - middle, 0, 0])


def test_the_first_step_is_not_wasted():
    assert warmup_cosine(0, **SETTINGS) == pytest.approx(3e-3 / 11)


def test_the_line_climbs_evenly_and_meets_the_cosine_at_the_peak():
    found = rates(0, 11)
    assert found[-1] == 3e-3
    steps = [b - a for a, b in pairwise(found)]
    assert steps == pytest.approx([3e-3 / 11] * 10)


@pytest.mark.parametrize("warmup_steps", [0, 1, 2, 50, 109])
def test_no_step_is_above_the_peak_or_below_zero(warmup_steps):
    found = rates(warmup_steps=warmup_steps)
    assert max(found) == found[warmup_steps] == 3e-3
    assert min(found) > 0


def test_there_is_no_jump_anywhere():
    found = rates()
    largest = max(abs(b - a) for a, b in pairwise(found))
    assert largest == pytest.approx(3e-3 / 11)  # a step of the warm-up; the cosine's are smaller


def test_the_cosine_only_falls_and_the_middle_is_half_way():
    found = rates(10, 111)
    assert all(a > b for a, b in pairwise(found))
    assert found[50] == pytest.approx((3e-3 + 3e-4) / 2)
    mirrored = [3e-3 + 3e-4 - rate for rate in reversed(found)]
    assert found == pytest.approx(mirrored)


def test_the_cosine_equals_that_of_torch():
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=3e-3)
    scheduler = CosineAnnealingLR(optimizer, T_max=100, eta_min=3e-4)
    for step in range(10, 111):
        expected = optimizer.param_groups[0]["lr"]
        assert warmup_cosine(step, **SETTINGS) == pytest.approx(expected, rel=1e-9)
        optimizer.step()
        scheduler.step()


def test_from_the_last_step_on_the_rate_stays_at_the_minimum():
    assert rates(110, 130) == [3e-4] * 20
    assert rates(109, 110)[0] > 3e-4


def test_the_same_step_gives_the_same_rate_in_any_order():
    forwards = rates()
    backwards = [warmup_cosine(step, **SETTINGS) for step in reversed(range(130))]
    assert forwards == backwards[::-1]


def test_a_resumed_run_goes_on_where_it_stopped():
    assert rates(0, 43) + rates(43, 130) == rates()


def test_a_minimum_at_the_peak_is_a_constant_rate_after_the_warm_up():
    assert rates(10, 130, minimum=3e-3) == [3e-3] * 120


def test_a_run_that_is_all_warm_up_ends_at_the_minimum():
    found = rates(0, 12, warmup_steps=10, total_steps=10)
    assert found == pytest.approx([3e-3 * k / 11 for k in range(1, 11)] + [3e-4] * 2)


def test_a_run_without_steps_has_the_minimum():
    assert warmup_cosine(0, peak=1.0, warmup_steps=0, total_steps=0, minimum=0.5) == 0.5


@pytest.mark.parametrize(
    ("step", "changes", "message"),
    [
        (-1, {}, "step=-1, expected at least 0"),
        (0, {"warmup_steps": 111}, "warmup_steps=111, expected from 0 to total_steps=110"),
        (0, {"warmup_steps": -1}, "warmup_steps=-1"),
        (0, {"warmup_steps": 0, "total_steps": -1}, "total_steps=-1"),
        (0, {"minimum": 4e-3}, "minimum=0.004, expected from 0 to peak=0.003"),
        (0, {"minimum": -1e-3}, "minimum=-0.001"),
        (0, {"peak": -1.0}, "peak=-1.0"),
        (0, {"peak": math.nan}, "peak=nan"),
    ],
)
def test_settings_that_fit_no_schedule_are_errors(step, changes, message):
    with pytest.raises(ValueError, match=message):
        warmup_cosine(step, **(SETTINGS | changes))
