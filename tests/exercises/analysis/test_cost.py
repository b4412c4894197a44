import pytest

SIZES = {"weights": 1000, "n_layers": 2, "n_heads": 4, "n_kv_heads": 2, "head_dim": 8}


def seconds(exercise, n_prompt, n_new, **changes):
    machine = {"bytes_per_number": 2, "peak": 1e6, "bandwidth": 1e4} | changes
    return exercise.answer_seconds(n_prompt, n_new, **SIZES, **machine)


def test_one_new_token_by_hand(exercise):
    by_bytes = 2 * (1000 + 32 * 2 * 10) / 1e4
    by_operations = 10 * (2 * 1000 + 4 * 4 * 8 * 2 * 10) / 1e4
    assert seconds(exercise, 10, 1) == pytest.approx(by_bytes)
    assert seconds(exercise, 10, 1, peak=1e4) == pytest.approx(by_operations)


def test_a_second_token_reads_one_token_more(exercise):
    more = seconds(exercise, 10, 2) - seconds(exercise, 10, 1)
    assert more == pytest.approx(2 * (1000 + 32 * 2 * 11) / 1e4)


def test_every_pass_takes_the_longer_of_its_own_two_times(exercise):
    prompt = 10 * (2 * 1000 + 4 * 4 * 8 * 2 * 10) / 1e5
    token = 2 * (1000 + 32 * 2 * 11) / 1e4
    assert seconds(exercise, 10, 2, peak=1e5) == pytest.approx(prompt + token)


def test_no_new_token_takes_no_time(exercise):
    assert seconds(exercise, 10, 0) == 0


@pytest.mark.parametrize(
    ("peak", "bandwidth", "bytes_per_number", "rows"),
    [(989e12, 3.35e12, 2, 295), (100, 10, 4, 20), (100, 10, 0.5, 2), (100, 15, 2, 6)],
)
def test_rows_are_free_up_to_the_ridge(exercise, peak, bandwidth, bytes_per_number, rows):
    machine = {"peak": peak, "bandwidth": bandwidth}
    assert exercise.free_rows(**machine, bytes_per_number=bytes_per_number) == rows
