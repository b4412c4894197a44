import itertools
import os
import subprocess
import sys
import tracemalloc
from collections import Counter
from typing import ClassVar

import numpy as np
import pytest
import torch

from llm_book.data import token_files
from llm_book.data.token_files import (
    HEADER,
    RandomWindows,
    TextPart,
    TokenFile,
    split_text,
    vocabulary_hash,
    write_token_file,
    write_token_shards,
)
from llm_book.tokenizers.bpe import BPETokenizer


class ByteTokenizer:
    """UTF-8 bytes as tokens; the vocabulary may be larger than that."""

    special_tokens: ClassVar = {}

    def __init__(self, vocab_size=256):
        self.vocab_size = vocab_size
        self.vocab = {i: i for i in range(vocab_size)}


END = "<|end|>"
BPE = BPETokenizer([(b"A", b"d"), (b"Ad", b"a")], special_tokens=[END])


def token_file(path, tokens, tokenizer=None):
    write_token_file(path, tokens, tokenizer or ByteTokenizer())
    return TokenFile(path)


def test_what_is_written_is_read(tmp_path):
    tokens = [0, 255, 7, 7, 104]
    file = token_file(tmp_path / "a.tokens", tokens)
    assert file.tokens.tolist() == tokens
    assert len(file) == 5


def test_the_file_of_three_tokens_byte_for_byte(tmp_path):
    write_token_file(tmp_path / "a.tokens", [1, 2, 258], ByteTokenizer(300))
    expected = (
        b"llm_book"
        + (1).to_bytes(4, "little")  # version
        + (2).to_bytes(4, "little")  # bytes a token
        + (300).to_bytes(8, "little")  # vocabulary size
        + (3).to_bytes(8, "little")  # tokens
        + vocabulary_hash(ByteTokenizer(300))
        + b"\x01\x00\x02\x00\x02\x01"
    )
    assert (tmp_path / "a.tokens").read_bytes() == expected


@pytest.mark.parametrize(
    ("vocab_size", "dtype"), [(256, "uint16"), (65_536, "uint16"), (65_537, "uint32")]
)
def test_the_vocabulary_chooses_the_width(tmp_path, vocab_size, dtype):
    highest = vocab_size - 1
    file = token_file(tmp_path / "a.tokens", [0, highest], ByteTokenizer(vocab_size))
    assert file.tokens.dtype == dtype
    assert file.tokens.tolist() == [0, highest]


@pytest.mark.parametrize("count", [1, 9, 10, 11, 35])
def test_blocks_leave_no_seam(tmp_path, monkeypatch, count):
    monkeypatch.setattr(token_files, "BLOCK", 10)
    assert token_file(tmp_path / "a.tokens", range(count)).tokens.tolist() == list(range(count))


def test_a_stream_is_never_held_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(token_files, "BLOCK", 1000)
    stream = itertools.chain.from_iterable(itertools.repeat(range(256), 1000))
    tokenizer = ByteTokenizer()
    tracemalloc.start()
    write_token_file(tmp_path / "a.tokens", stream, tokenizer)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (tmp_path / "a.tokens").stat().st_size > 512_000
    assert peak < 200_000


@pytest.mark.parametrize("wrong", [-1, 256, 70_000])
def test_an_id_outside_the_vocabulary_is_not_written(tmp_path, wrong):
    with pytest.raises(ValueError, match=rf"token id {wrong} is outside \[0, 256\)"):
        write_token_file(tmp_path / "a.tokens", [1, wrong, 2], ByteTokenizer())
    assert not (tmp_path / "a.tokens").exists()


def test_a_file_without_tokens_is_not_written(tmp_path):
    with pytest.raises(ValueError, match="there are no tokens"):
        write_token_file(tmp_path / "a.tokens", [], ByteTokenizer())
    assert not (tmp_path / "a.tokens").exists()


def interrupted():
    yield from range(100)
    raise KeyboardInterrupt


def test_an_interrupted_write_leaves_the_name_free_and_the_old_file_whole(tmp_path):
    path = tmp_path / "a.tokens"
    with pytest.raises(KeyboardInterrupt):
        write_token_file(path, interrupted(), ByteTokenizer())
    assert not path.exists()
    write_token_file(path, [1, 2, 3], ByteTokenizer())
    with pytest.raises(KeyboardInterrupt):
        write_token_file(path, interrupted(), ByteTokenizer())
    assert TokenFile(path).tokens.tolist() == [1, 2, 3]


def test_what_an_interrupted_write_leaves_is_recognized(tmp_path, monkeypatch):
    monkeypatch.setattr(token_files, "BLOCK", 10)
    with pytest.raises(KeyboardInterrupt):
        write_token_file(tmp_path / "a.tokens", interrupted(), ByteTokenizer())
    with pytest.raises(ValueError, match="its writing was interrupted"):
        TokenFile(tmp_path / "a.tokens.tmp")


@pytest.mark.parametrize("change", [-1, -2, -100, 2])
def test_a_file_cut_off_or_grown_is_refused(tmp_path, change):
    path = tmp_path / "a.tokens"
    write_token_file(path, range(200), ByteTokenizer())
    os.truncate(path, path.stat().st_size + change)
    with pytest.raises(ValueError, match=rf"has {464 + change} bytes, but its 200 tokens take 464"):
        TokenFile(path)


@pytest.mark.parametrize("content", [b"", b"llm_book", b"Once upon a time " * 10])
def test_another_kind_of_file_is_refused(tmp_path, content):
    (tmp_path / "story.txt").write_bytes(content)
    with pytest.raises(ValueError, match="is not a token file"):
        TokenFile(tmp_path / "story.txt")


def test_another_version_of_the_format_is_refused(tmp_path):
    path = tmp_path / "a.tokens"
    write_token_file(path, [1], ByteTokenizer())
    content = bytearray(path.read_bytes())
    content[8] = 9
    path.write_bytes(content)
    with pytest.raises(ValueError, match="format version 9, expected 1"):
        TokenFile(path)


def test_a_file_of_another_vocabulary_is_refused(tmp_path):
    write_token_file(tmp_path / "a.tokens", [1], ByteTokenizer(300))
    with pytest.raises(ValueError, match=r"the 300 tokens .* are not the 256 of this tokenizer"):
        TokenFile(tmp_path / "a.tokens", ByteTokenizer(256))
    assert len(TokenFile(tmp_path / "a.tokens", ByteTokenizer(300))) == 1


def test_two_ids_exchanged_make_another_vocabulary():
    changed = ByteTokenizer()
    changed.vocab = changed.vocab | {5: 6, 6: 5}
    assert vocabulary_hash(changed) != vocabulary_hash(ByteTokenizer())


def test_special_tokens_exchanged_make_another_vocabulary():
    first, second = BPETokenizer([], ["<|a|>", "<|b|>"]), BPETokenizer([], ["<|b|>", "<|a|>"])
    assert vocabulary_hash(first) != vocabulary_hash(second)


def test_the_order_in_which_a_vocabulary_is_listed_does_not_matter():
    changed = ByteTokenizer()
    changed.vocab = dict(reversed(changed.vocab.items()))
    assert vocabulary_hash(changed) == vocabulary_hash(ByteTokenizer())


TEXT = "Ada fetched water.\n阿达去打水。\n\nThe well was dry; 井干了。\nno newline at the end"


@pytest.mark.parametrize("parts", [1, 2, 3, 5, 40, 200])
def test_the_parts_of_a_text_make_the_whole(tmp_path, parts):
    path = tmp_path / "text.txt"
    path.write_bytes(TEXT.encode())
    assert "".join(line for part in split_text(path, parts) for line in part) == TEXT


def test_the_parts_of_a_text_are_whole_lines_of_about_equal_size(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("a line of 20 letters\n" * 1000)
    parts = [list(part) for part in split_text(path, 4)]
    assert [len(part) for part in parts] == pytest.approx([250] * 4, abs=1)
    assert {line for part in parts for line in part} == {"a line of 20 letters\n"}


def test_a_part_can_be_read_twice(tmp_path):
    (tmp_path / "text.txt").write_text(TEXT, encoding="utf-8", newline="")
    part = TextPart(tmp_path / "text.txt", 0, 20)
    assert list(part) == list(part) == ["Ada fetched water.\n", "阿达去打水。\n"]


SOURCES = [["Ada ", "walks.", END], ["Bo runs."], ["阿达走。"] * 50]


def test_shards_hold_the_sources_in_their_order(tmp_path):
    paths = write_token_shards(tmp_path / "corpus", SOURCES, BPE)
    assert [path.name for path in paths] == ["00000.tokens", "00001.tokens", "00002.tokens"]
    assert sorted((tmp_path / "corpus").iterdir()) == paths
    read = [BPE.decode(TokenFile(path, BPE).tokens.tolist()) for path in paths]
    assert read == ["".join(source) for source in SOURCES]


def test_special_tokens_in_a_text_are_text_unless_allowed(tmp_path):
    special = BPE.special_tokens[END]
    (plain,) = write_token_shards(tmp_path / "plain", SOURCES[:1], BPE)
    (ended,) = write_token_shards(tmp_path / "ended", SOURCES[:1], BPE, allowed_special={END})
    assert special not in TokenFile(plain).tokens
    assert TokenFile(ended).tokens.tolist() == [*BPE.encode("Ada walks."), special]


def test_several_workers_write_the_same_bytes_as_one(tmp_path):
    text = tmp_path / "text.txt"
    text.write_text(TEXT * 20, encoding="utf-8", newline="")
    sources = [*SOURCES, *split_text(text, 3)]
    one = write_token_shards(tmp_path / "one", sources, BPE)
    two = write_token_shards(tmp_path / "two", sources, BPE, workers=2)
    assert [path.read_bytes() for path in two] == [path.read_bytes() for path in one]


def test_an_interrupted_folder_keeps_its_unfinished_name(tmp_path):
    def broken():
        yield "Ada"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_token_shards(tmp_path / "corpus", [*SOURCES, broken()], BPE)
    assert [path.name for path in tmp_path.iterdir()] == ["corpus.tmp"]
    paths = write_token_shards(tmp_path / "corpus", SOURCES[:1], BPE)
    assert list((tmp_path / "corpus").iterdir()) == paths


def test_a_folder_that_exists_is_not_mixed_with_another_corpus(tmp_path):
    write_token_shards(tmp_path / "corpus", SOURCES, BPE)
    with pytest.raises(FileExistsError, match="corpus exists already"):
        write_token_shards(tmp_path / "corpus", SOURCES[:1], BPE)


@pytest.fixture
def shards(tmp_path):
    """Token i of the corpus is i: 0 to 4 in the first shard, 100 to 107 in the second."""
    return [
        token_file(tmp_path / "a.tokens", range(5)),
        token_file(tmp_path / "b.tokens", range(100, 108)),
    ]


def test_targets_are_the_tokens_after_the_inputs(shards):
    inputs, targets = RandomWindows(shards, 4, 50).batch(0)
    assert inputs.shape == targets.shape == (50, 4)
    assert torch.equal(targets, inputs + 1)  # so no window reaches from one shard into the next


def test_every_window_is_drawn_equally_often(shards):
    inputs, _ = RandomWindows(shards, 2, 9000).batch(0)
    drawn = Counter(inputs[:, 0].tolist())
    assert sorted(drawn) == [0, 1, 2, 100, 101, 102, 103, 104, 105]
    assert list(drawn.values()) == pytest.approx([1000] * 9, abs=5 * 1000**0.5)


def test_a_batch_can_index_an_embedding(shards):
    inputs, targets = RandomWindows(shards, 4, 2).batch(0)
    assert inputs.dtype == targets.dtype == torch.int64
    assert torch.nn.Embedding(256, 3)(inputs).shape == (2, 4, 3)


def test_a_batch_depends_on_seed_and_step_alone(shards):
    windows = RandomWindows(shards, 2, 64, seed=3)
    later = windows.batch(7)[0]
    windows.batch(1)
    assert torch.equal(windows.batch(7)[0], later)
    assert torch.equal(RandomWindows(shards, 2, 64, seed=3).batch(7)[0], later)
    assert not torch.equal(windows.batch(8)[0], later)
    assert not torch.equal(RandomWindows(shards, 2, 64, seed=4).batch(7)[0], later)


def test_iterating_yields_the_steps_in_order(shards):
    windows = RandomWindows(shards, 2, 8)
    for step, (inputs, targets) in enumerate(itertools.islice(windows, 3)):
        assert torch.equal(inputs, windows.batch(step)[0])
        assert torch.equal(targets, windows.batch(step)[1])


def test_a_batch_does_not_touch_the_file(shards):
    inputs, _ = RandomWindows(shards, 2, 8).batch(0)
    inputs.zero_()
    assert shards[0].tokens.tolist() == [0, 1, 2, 3, 4]


def test_a_shard_of_one_window_serves(tmp_path):
    windows = RandomWindows([token_file(tmp_path / "a.tokens", range(5))], 4, 3)
    assert windows.batch(0)[0].tolist() == [[0, 1, 2, 3]] * 3


def test_a_shard_shorter_than_a_window_is_named(shards):
    with pytest.raises(ValueError, match=r"a\.tokens has 5 tokens, too few for a window of 5"):
        RandomWindows(shards, 5, 1)


def test_shards_of_different_vocabularies_are_refused(tmp_path, shards):
    other = token_file(tmp_path / "c.tokens", range(5), ByteTokenizer(300))
    with pytest.raises(ValueError, match=r"a\.tokens and .*c\.tokens have different vocab"):
        RandomWindows([*shards, other], 2, 1)


def test_no_shards_are_refused():
    with pytest.raises(ValueError, match="there is no shard"):
        RandomWindows([], 4, 1)


@pytest.mark.parametrize(("context_length", "batch_size"), [(0, 1), (1, 0)])
def test_sizes_below_one_are_refused(shards, context_length, batch_size):
    with pytest.raises(ValueError, match="must be at least 1"):
        RandomWindows(shards, context_length, batch_size)


@pytest.mark.skipif(sys.platform == "win32", reason="needs a file with holes")
def test_a_file_larger_than_memory_gives_windows_at_once(tmp_path):
    path, n_tokens = tmp_path / "huge.tokens", 2**36  # 128 GiB, nearly all of it a hole
    head = HEADER.pack(b"llm_book", 1, 2, 256, n_tokens, vocabulary_hash(ByteTokenizer()))
    with path.open("wb") as file:
        file.write(head)
        file.truncate(HEADER.size + 2 * n_tokens)
        file.seek(-6, os.SEEK_END)
        file.write(np.array([7, 8, 9], "<u2").tobytes())
    huge = TokenFile(path)
    assert huge.tokens[-4:].tolist() == [0, 7, 8, 9]
    assert RandomWindows([huge], 1024, 4).batch(0)[0].shape == (4, 1024)


def test_writing_needs_no_torch():
    code = "import sys, llm_book.data.token_files; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
