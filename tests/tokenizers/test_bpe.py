import json
import os
import pickle
import random
import subprocess
import sys
import sysconfig
import tracemalloc
from itertools import accumulate, pairwise
from pathlib import Path

import pytest
import regex
from hypothesis import example, given, settings
from hypothesis import strategies as st

from llm_book.tokenizers import bpe
from llm_book.tokenizers.bpe import (
    BYTE_TOKENS,
    GPT2_PATTERN,
    BPETokenizer,
    cut_pieces,
    merge_pair,
    split_special,
    split_words,
    text_to_token,
    token_to_text,
    train_bpe,
)
from llm_book.tokenizers.word_tokenizer import Tokenizer

END = "<|endoftext|>"
PATTERNS = {
    "gpt2": GPT2_PATTERN,
    "llama3": r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    "qwen": r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    "o200k": r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+"
    r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    "blanks": r"\S+|\s+",
    "characters": r"[\s\S]",
    "everything": r"[\s\S]+",
}
SPECIAL = (END, "<|end|>", "<|end|><|of|>", "a.c", "终")

# Unicode that every library of the comparison knows, and the places where words are decided.
letters = st.characters(exclude_categories=("Cs", "Cn"))
tricky = st.sampled_from(["'", "'re", "'LL", " ", "  ", "\n", "\r\n", "\t", "\u3000", "12", "345"])
plain = st.sampled_from(
    ["ab", "aa", "a", "海", "小船。", "，", "😀", "👩‍👩‍👧", "e\u0301", "_", "/", "ﬁ"]
)
special = st.sampled_from([*SPECIAL, "<|end", "|>", "<|"])
texts = st.lists(letters | tricky | plain).map("".join)
texts_with_special = st.lists(letters | tricky | plain | special).map("".join)

long_texts = st.lists(letters | tricky | plain | special, min_size=30, max_size=100).map("".join)


def every(n):
    return settings(max_examples=n, derandomize=True, deadline=None)


def python_sources(size):
    """About `size` characters of this Python's own sources, the same at each call."""
    files = sorted(Path(sysconfig.get_path("stdlib")).glob("*.py"))
    random.Random(0).shuffle(files)
    text = ""
    for file in files:
        if len(text) < size:
            text += file.read_text("utf-8")
    return text[:size]


@pytest.fixture(scope="module")
def tokenizer():
    return train_bpe(python_sources(200_000) + "小船在海上。" * 9, 1000, special_tokens=SPECIAL)


# By hand


def test_merges_worked_by_hand():
    learned = train_bpe("low lower lowest", 260)
    # (l, o) and (o, w) both occur 3 times, and l has a smaller id than o. Then (lo, w), 3 times.
    # (space, low), (low, e) and no other pair occur twice; the id of the space, 220, is smaller.
    assert learned.merges == [(b"l", b"o"), (b"lo", b"w"), (b" ", b"low"), (b" low", b"e")]
    assert learned.encode("low slower") == [257, 220, 82, 257, 68, 81]
    tokens = [learned.decode([i]) for i in learned.encode(" lowers slow")]
    assert tokens == [" lowe", "r", "s", " ", "s", "low"]


def test_chinese_merges_bytes_of_characters():
    learned = train_bpe("你好，你好", 258)
    # 你 is e4 bd a0, 好 is e5 a5 bd. All five pairs occur twice. The smallest ids on the left
    # are those of a5 (98) and then bd (121).
    assert learned.merges == [(b"\xa5", b"\xbd"), (b"\xbd", b"\xa0")]
    tokens = [learned.decode_bytes([i]).hex() for i in learned.encode("好你")]
    assert tokens == ["e5", "a5bd", "e4", "bda0"]


@pytest.mark.parametrize(
    ("ids", "merged"),
    [([1, 2, 1, 2], [9, 9]), ([1, 1, 2, 2], [1, 9, 2]), ([2, 1], [2, 1]), ([], []), ([1], [1])],
)
def test_a_pair_is_merged_wherever_it_occurs(ids, merged):
    assert merge_pair(ids, (1, 2), 9) == merged


def test_a_run_is_merged_from_the_left():
    assert merge_pair([1, 1, 1, 1, 1], (1, 1), 9) == [9, 9, 1]


def test_bytes_are_numbered_and_written_as_gpt2_does():
    assert [BYTE_TOKENS.index(b) for b in (b"!", b"~", b"\xa1", b"\0", b" ")] == [
        0,
        93,
        94,
        188,
        220,
    ]
    assert token_to_text(" 海\n".encode()) == "Ġæµ·Ċ"
    assert len(set(map(token_to_text, BYTE_TOKENS))) == 256


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("it's 2nd  try!", ["it", "'s", " 2", "nd", " ", " try", "!"]),
        ("a \n\n b", ["a", " \n\n", " b"]),
        ("海，船", ["海", "，", "船"]),
        ("end  ", ["end", "  "]),
    ],
)
def test_words_of_the_pattern_of_gpt2(text, words):
    assert split_words(text, regex.compile(GPT2_PATTERN)) == words


# Laws


@given(texts)
@every(300)
def test_decoding_gives_any_text_back(tokenizer, text):
    assert tokenizer.decode(tokenizer.encode(text)) == text
    assert tokenizer.decode(tokenizer.encode(text, "all")) == text


@given(st.binary())
@every(100)
def test_decoding_gives_any_bytes_back(tokenizer, data):
    assert tokenizer.decode_bytes(tokenizer.vocab[bytes([byte])] for byte in data) == data
    assert tokenizer.decode_bytes(tokenizer._encode_word(data)) == data
    assert text_to_token(token_to_text(data)) == data


def test_bytes_that_are_not_utf8_decode_to_a_replacement(tokenizer):
    ids = [tokenizer.vocab[bytes([byte])] for byte in "海".encode()]
    assert tokenizer.decode(ids[:2]) == "\ufffd"


@given(st.lists(texts), st.integers(0, 30))
@every(50)
def test_training_gives_the_same_however_the_text_is_cut(chunks, n_merges):
    whole = train_bpe("".join(chunks), 256 + n_merges)
    assert train_bpe(iter(chunks), 256 + n_merges).merges == whole.merges


def test_training_gives_the_same_with_several_processes(monkeypatch):
    text = python_sources(60_000)
    monkeypatch.setattr(bpe, "COUNTED_SIZE", 5_000)  # twelve pieces
    assert train_bpe(text, 400, workers=2).merges == train_bpe(text, 400).merges


def test_training_keeps_to_the_vocabulary_size(tokenizer):
    assert tokenizer.vocab_size == 1000
    assert len(tokenizer.vocab) == 1000 - len(SPECIAL)
    assert sorted(tokenizer.special_tokens.values()) == list(range(995, 1000))


def test_training_stops_when_every_word_is_a_token():
    assert train_bpe("abc abc", 1000).vocab_size == 256 + 3


def test_training_never_learns_from_special_tokens():
    learned = train_bpe(f"ab{END}ab{END}cd", 1000, special_tokens=[END])
    assert learned.merges == [(b"a", b"b"), (b"c", b"d")]


@given(st.text("ab", max_size=60))
@every(300)
@example("a" * 59)
def test_words_are_merged_by_rank_and_from_the_left(text):
    learned = train_bpe("ab aab abb abab baba aaaa aaaaaaaa bbbb", 275, pattern=r"\w+| ")
    ids = [learned.vocab[byte.encode()] for byte in text]
    for left, right in learned.merges:
        ids = merge_pair(
            ids, (learned.vocab[left], learned.vocab[right]), learned.vocab[left + right]
        )
    assert learned.encode(text) == ids


def test_a_long_word_is_encoded_as_in_tiktoken(tokenizer):
    text = "a" * 20_000 + "".join(random.Random(0).choices("abcdefgh", k=20_000))
    assert tokenizer.encode(text) == tokenizer.to_tiktoken("book").encode(text)


def test_special_tokens_are_never_encoded_by_accident(tokenizer):
    ids = tokenizer.encode(f"sea{END}<|end|>a.c终")
    assert max(ids) < 995
    assert tokenizer.decode(ids) == f"sea{END}<|end|>a.c终"


def test_allowed_special_tokens_are_encoded_and_no_others(tokenizer):
    ids = tokenizer.encode(f"sea{END}<|end|>", {"<|end|>"})
    assert ids.count(tokenizer.special_tokens["<|end|>"]) == 1
    assert tokenizer.special_tokens[END] not in ids


def test_the_longest_special_token_wins(tokenizer):
    numbered = tokenizer.special_tokens
    assert tokenizer.encode("<|end|><|of|><|end|>", "all") == [
        numbered["<|end|><|of|>"],
        numbered["<|end|>"],
    ]


def test_a_special_token_is_no_regular_expression(tokenizer):
    assert tokenizer.special_tokens["a.c"] not in tokenizer.encode("abc", "all")


def test_special_tokens_keep_the_ids_they_are_given():
    given_ids = BPETokenizer([(b"a", b"b")], {END: 1000, "<|pad|>": 300})
    assert given_ids.encode(f"ab{END}", "all") == [256, 1000]
    assert given_ids.vocab_size == 1001


@pytest.mark.parametrize("name", PATTERNS)
@given(long_texts, st.lists(st.integers(1, 20), min_size=1), st.integers(1, 60))
@every(150)
def test_pieces_of_a_stream_have_the_words_of_the_whole(name, text, sizes, size):
    pattern = regex.compile(PATTERNS[name])
    cuts = [0, *(cut for cut in accumulate(sizes) if cut < len(text)), len(text)]
    chunks = [text[a:b] for a, b in pairwise(cuts)]
    pieces = list(cut_pieces(chunks, PATTERNS[name], SPECIAL, size))
    assert [w for piece in pieces for w in words(piece, pattern)] == words(text, pattern)


def words(text, pattern):
    parts = split_special(text, frozenset(SPECIAL))
    for place, part in enumerate(parts):
        parts[place] = [part] if place % 2 else split_words(part, pattern)
    return [word for part in parts for word in part]


@pytest.mark.parametrize("name", ["gpt2", "llama3", "qwen", "o200k"])
@pytest.mark.parametrize("text", [python_sources(20_000), "小船在海上，风很大。" * 2000])
def test_pieces_of_a_stream_stay_small(name, text):
    lengths = [len(piece) for piece in cut_pieces([text], PATTERNS[name], SPECIAL, 500)]
    assert max(lengths) <= 1000
    assert sum(lengths) / len(lengths) > 400


@given(st.lists(texts_with_special))
@every(100)
def test_a_stream_is_encoded_like_the_whole_text(tokenizer, chunks):
    whole = "".join(chunks)
    assert list(tokenizer.encode_iterable(chunks)) == tokenizer.encode(whole)
    assert list(tokenizer.encode_iterable(whole, "all")) == tokenizer.encode(whole, "all")


def test_a_long_stream_is_encoded_like_the_whole_text(tokenizer):
    text = END.join([python_sources(200_000), "小船在海上。" * 20_000])
    lines = text.splitlines(keepends=True)
    assert list(tokenizer.encode_iterable(lines, {END})) == tokenizer.encode(text, {END})


def test_a_stream_is_read_no_further_than_needed(tokenizer):
    read = []
    chunks = (read.append(n) or "sea " * 10_000 for n in range(1000))
    next(tokenizer.encode_iterable(chunks))
    assert len(read) <= 3


@pytest.mark.slow
def test_ten_megabytes_are_encoded_in_constant_memory(tokenizer):
    sources = python_sources(500_000)
    chunks = (sources[n : n + 10_000] for _ in range(20) for n in range(0, 500_000, 10_000))
    tracemalloc.start()
    tokens = sum(1 for _ in tokenizer.encode_iterable(chunks))
    growth = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert tokens > 10_000_000 / 10
    assert growth < 50 * 2**20


def test_the_word_cache_is_bounded_and_changes_nothing(monkeypatch):
    text = python_sources(20_000)
    learned = train_bpe(text, 300)
    expected = learned.encode(text)
    monkeypatch.setattr(bpe, "CACHE_SIZE", 5)
    small = BPETokenizer(learned.merges)
    assert small.encode(text) == small.encode(text) == expected
    assert len(small._cache) <= 5
    small.encode("a" * 100_000)
    assert max(map(len, small._cache)) <= bpe.CACHED_LENGTH


def test_a_saved_tokenizer_is_loaded_the_same(tokenizer, tmp_path):
    tokenizer.save(tmp_path / "model")
    loaded = BPETokenizer.load(tmp_path / "model")
    for name in ("merges", "vocab", "special_tokens", "pattern", "vocab_size"):
        assert getattr(loaded, name) == getattr(tokenizer, name)


def test_a_tokenizer_can_be_sent_to_another_process(tokenizer):
    text = python_sources(1000)
    assert pickle.loads(pickle.dumps(tokenizer)).encode(text) == tokenizer.encode(text)


def test_it_is_a_tokenizer_and_needs_neither_torch_nor_tiktoken(tokenizer):
    typed: Tokenizer = tokenizer
    assert typed.decode(typed.encode("sea")) == "sea"
    code = "import sys, llm_book.tokenizers.vocabularies as _; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"torch", "tiktoken", "numpy"} & set(run.stdout.split())


# Independent implementations


def hugging_face_merges(text, vocab_size):
    tokenizers = pytest.importorskip("tokenizers")
    model = tokenizers.Tokenizer(tokenizers.models.BPE())
    byte_level = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    model.pre_tokenizer = byte_level
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=vocab_size, initial_alphabet=byte_level.alphabet(), show_progress=False
    )
    model.train_from_iterator([text], trainer)
    merges = json.loads(model.to_str())["model"]["merges"]
    return [(text_to_token(left), text_to_token(right)) for left, right in merges]


@given(st.lists(tricky | plain, max_size=200).map("".join))
@every(200)
def test_training_equals_hugging_face_on_ties_and_runs(text):
    assert train_bpe(text, 300).merges == hugging_face_merges(text, 300)


def test_training_equals_hugging_face_on_source_code():
    text = python_sources(400_000)
    assert train_bpe(text, 2500).merges == hugging_face_merges(text, 2500)


@given(texts_with_special)
@every(200)
def test_hugging_face_reads_the_saved_file_and_encodes_the_same(tokenizer, saved, text):
    assert tokenizer.encode(text, "all") == saved.encode(text).ids
    assert tokenizer.decode(tokenizer.encode(text)) == saved.decode(
        tokenizer.encode(text), skip_special_tokens=False
    )


@pytest.fixture(scope="module")
def saved(tokenizer, tmp_path_factory):
    tokenizers = pytest.importorskip("tokenizers")
    folder = tmp_path_factory.mktemp("saved")
    tokenizer.save(folder)
    return tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))


@given(texts | st.text(st.characters(), max_size=20))
@every(200)
@example("half \ud83d, whole \ud83d\ude00, end")
def test_tiktoken_encodes_the_same(tokenizer, text):
    disjoint = BPETokenizer(tokenizer.merges, [END])  # tiktoken knows no longest special token
    encoding = disjoint.to_tiktoken("book")
    assert disjoint.encode(text) == encoding.encode_ordinary(text)
    marked = END.join([text, text])
    assert disjoint.encode(marked, {END}) == encoding.encode(marked, allowed_special={END})
    assert encoding.n_vocab == disjoint.vocab_size


# Errors


@pytest.mark.parametrize("i", [-1, 1000, 2**40])
def test_an_unknown_id_is_an_error(tokenizer, i):
    with pytest.raises(ValueError, match=f"id {i} is not among the 1000"):
        tokenizer.decode([65, i])


@pytest.mark.parametrize("size", [0, 255, 257])
def test_a_vocabulary_below_bytes_and_special_tokens_is_an_error(size):
    with pytest.raises(ValueError, match=f"vocab_size={size} is below .*258"):
        train_bpe("sea", size, special_tokens=["<|a|>", "<|b|>"])


@pytest.mark.parametrize("special_tokens", [[""], ["<|a|>", ""], {"": 300}, [END, END]])
def test_an_empty_or_double_special_token_is_an_error(special_tokens):
    with pytest.raises(ValueError, match="empty or occur twice"):
        BPETokenizer([], special_tokens)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"merges": [(b"a", b"bc")]}, "b'bc', a byte or part of a merge, is not in the vocabulary"),
        ({"merges": [(b"a", b"b"), (b"a", b"b")]}, "make a known token, as b'ab'"),
        ({"merges": [], "special_tokens": END}, "is one string"),
        ({"merges": [], "special_tokens": {END: 65}}, "an id is negative or stands for two tokens"),
        ({"merges": [], "special_tokens": {END: -1}}, "an id is negative or stands for two tokens"),
        ({"merges": [], "vocab": {b"a": 0}}, "is not in the vocabulary"),
        ({"merges": [], "pattern": r"(\w+)|\W+"}, "has a capturing group"),
        ({"merges": [], "pattern": "("}, "pattern '(' is no regular expression: missing )"),
    ],
)
def test_a_vocabulary_that_does_not_hold_together_is_an_error(arguments, message):
    with pytest.raises(ValueError, match=regex.escape(message)):
        BPETokenizer(**arguments)


def test_a_merge_that_occurs_twice_is_an_error():
    vocab = BPETokenizer([(b"a", b"b")]).vocab
    with pytest.raises(ValueError, match="a merge occurs twice"):
        BPETokenizer([(b"a", b"b"), (b"a", b"b")], vocab=vocab)


@pytest.mark.parametrize("allowed", [{"<|new|>"}, END])
def test_an_unknown_allowed_special_token_is_an_error(tokenizer, allowed):
    with pytest.raises(ValueError, match="are not among the special tokens"):
        tokenizer.encode("sea", allowed)
    with pytest.raises(ValueError, match="are not among the special tokens"):
        tokenizer.encode_iterable(["sea"], allowed)


def test_a_pattern_that_leaves_text_out_is_an_error():
    with pytest.raises(ValueError, match="leaves out a part of 'the sea'"):
        BPETokenizer([], pattern=r"\w+").encode("the sea")
    with pytest.raises(ValueError, match="leaves out a part of 'the sea'"):
        train_bpe("the sea", 300, pattern=r"\w+")


@pytest.mark.parametrize("text", ["海", " t", "\n", "\u0144"])
def test_a_character_of_no_byte_is_an_error(text):
    with pytest.raises(ValueError, match="has a character that stands for no byte"):
        text_to_token(text)


def test_no_process_to_count_is_an_error():
    with pytest.raises(ValueError, match="workers=0 is below 1"):
        train_bpe("sea", 300, workers=0)


def break_a_merge(data):
    data["model"]["merges"][3] = ["t", "h", "e"]


def write_a_character_of_no_byte(data):
    data["model"]["merges"][3] = ["海", "a"]


def normalize(data):
    data["normalizer"] = {"type": "NFC"}


def remove_the_pattern(data):
    data["pre_tokenizer"] = None


def break_the_pattern(data):
    data["pre_tokenizer"]["pretokenizers"][0]["pattern"]["Regex"] = "("


def make_it_a_list(data):
    data["model"] = []


CHANGES = [
    break_a_merge,
    write_a_character_of_no_byte,
    normalize,
    remove_the_pattern,
    break_the_pattern,
    make_it_a_list,
]


@pytest.mark.parametrize("change", CHANGES)
def test_a_broken_file_is_an_error_that_names_it(tokenizer, tmp_path, change):
    tokenizer.save(tmp_path)
    path = tmp_path / "tokenizer.json"
    data = json.loads(path.read_text("utf-8"))
    change(data)
    path.write_text(json.dumps(data), "utf-8")
    with pytest.raises(ValueError, match=regex.escape(str(path))):
        BPETokenizer.load(tmp_path)


def test_a_file_cut_short_is_an_error_that_names_it(tokenizer, tmp_path):
    tokenizer.save(tmp_path)
    path = tmp_path / "tokenizer.json"
    os.truncate(path, 1000)
    with pytest.raises(ValueError, match=regex.escape(str(path))):
        BPETokenizer.load(tmp_path)


def test_a_save_that_breaks_off_leaves_the_file_before_it(tokenizer, tmp_path, monkeypatch):
    tokenizer.save(tmp_path)
    before = (tmp_path / "tokenizer.json").read_bytes()
    monkeypatch.setattr(tokenizer, "to_json", lambda: {"half": "\ud83d"})  # no UTF-8
    with pytest.raises(UnicodeEncodeError):
        tokenizer.save(tmp_path)
    assert (tmp_path / "tokenizer.json").read_bytes() == before
