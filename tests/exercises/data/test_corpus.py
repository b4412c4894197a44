import hashlib
import tracemalloc

import pytest


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_where_the_file_is_cut_does_not_matter(exercise, size):
    content = bytes(range(256)) * 3
    chunks = (content[start : start + size] for start in range(0, len(content), size))
    assert exercise.sha256_of_chunks(chunks) == hashlib.sha256(content).hexdigest()


def test_an_empty_file_has_a_checksum_too(exercise):
    assert exercise.sha256_of_chunks([]) == hashlib.sha256(b"").hexdigest()


def test_only_one_chunk_is_in_memory(exercise):
    chunks = (bytes([number]) * 100_000 for number in range(100))
    tracemalloc.start()
    exercise.sha256_of_chunks(chunks)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_000_000


def test_the_rest_is_asked_for_on_one_condition(exercise):
    headers = exercise.resume_header(100, '"v1"')
    assert headers == {"Range": "bytes=100-", "If-Range": '"v1"'}


@pytest.mark.parametrize(("held", "etag"), [(0, '"v1"'), (100, ""), (0, "")])
def test_otherwise_the_whole_file_is_asked_for(exercise, held, etag):
    assert exercise.resume_header(held, etag) == {}
