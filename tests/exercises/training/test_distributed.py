import pytest
import torch
from torch.testing import assert_close


@pytest.mark.parametrize(
    ("method", "n_processes", "expected"),
    [("ddp", 1, 1600), ("ddp", 8, 1600), ("fsdp", 1, 1600), ("fsdp", 8, 200)],
)
def test_sharding_divides_what_a_process_holds(exercise, method, n_processes, expected):
    assert exercise.bytes_per_process(100, n_processes, method) == expected


def test_llama_3_8b_takes_128_gigabytes_and_fits_eight_cards(exercise):
    assert exercise.bytes_per_process(8_030_261_248, 1, "ddp") == pytest.approx(128.5e9, rel=1e-3)
    assert exercise.bytes_per_process(8_030_261_248, 8, "fsdp") < 24e9


@pytest.mark.parametrize(("n", "size"), [(1, 5), (2, 6), (3, 3), (3, 8), (4, 4), (5, 1000), (4, 2)])
def test_every_process_gets_the_sum(exercise, n, size):
    torch.manual_seed(0)
    vectors = list(torch.randn(n, size))
    before = [vector.clone() for vector in vectors]
    sums, _ = exercise.ring_all_reduce(vectors)
    assert len(sums) == n
    for summed in sums:
        assert_close(summed, torch.stack(before).sum(0))
    for vector, old in zip(vectors, before, strict=True):
        assert_close(vector, old, rtol=0, atol=0)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 8])
def test_each_process_sends_twice_the_vector_less_two_pieces(exercise, n):
    _, sent = exercise.ring_all_reduce(list(torch.ones(n, 24)))
    assert sent == 2 * (n - 1) * 24 // n
