import re
import subprocess
import sys
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from llm_book.tokenizers.bpe import merge_by_rank
from llm_book.tokenizers.character_bpe import BYTE_NAMES, CharacterBPETokenizer

MERGES = ["▁ t", "h e", "▁t he", "▁ 狐", "▁狐 狸", "▁ ▁", "▁▁ ▁▁"]
CHARACTERS = "▁thexy狐狸"


def make(merges=MERGES, **habits):
    """Return a tokenizer: <s> is 0, the bytes are 1 to 256, then characters and merges."""
    ranks = {tuple(merge.split()): rank for rank, merge in enumerate(merges)}
    tokens = [*BYTE_NAMES, *CHARACTERS, *map("".join, ranks)]
    vocab = {token: i for i, token in enumerate(tokens, 1)}
    return CharacterBPETokenizer(ranks, vocab, {"<s>": 0, "</s>": 900}, **habits)


def tokens_of(tokenizer, text, allowed=()):
    """Return the tokens of a text as they are written in the vocabulary."""
    names = {i: token for token, i in (tokenizer.vocab | tokenizer.special_tokens).items()}
    return [names[i] for i in tokenizer.encode(text, allowed)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the", ["▁the"]),
        ("the the", ["▁the", "▁the"]),
        (" the", ["▁", "▁the"]),
        ("", []),
        (" ", ["▁▁"]),
        ("狐狸", ["▁狐狸"]),
        ("the月", ["▁the", "<0xE6>", "<0x9C>", "<0x88>"]),
        ("é", ["▁", "<0xC3>", "<0xA9>"]),
        ("the\n", ["▁the", "<0x0A>"]),
        ("\ud83d", ["▁", "<0xEF>", "<0xBF>", "<0xBD>"]),  # half a pair is U+FFFD
        ("<0x41>", ["▁", *(f"<0x{ord(c):02X}>" for c in "<0"), "x", "<0x34>", "<0x31>", "<0x3E>"]),
    ],
)
def test_merges_are_replayed_and_unknown_characters_fall_back_to_bytes(text, expected):
    assert tokens_of(make(), text) == expected


@pytest.mark.parametrize(
    ("habit", "expected"),
    [
        ("always", ["▁x", "<s>", "▁y", "<s>", "▁▁x"]),
        ("missing", ["▁x", "<s>", "▁y", "<s>", "▁x"]),
        ("first", ["▁x", "<s>", "y", "<s>", "▁x"]),
        ("never", ["x", "<s>", "y", "<s>", "▁x"]),
    ],
)
def test_a_space_goes_in_front_where_the_habit_says(habit, expected):
    merges = [*MERGES, "▁ x", "▁ y", "▁▁ x"]
    assert tokens_of(make(merges, space_in_front=habit), "x<s>y<s> x", "all") == expected


def test_words_are_split_at_every_space_only_where_asked():
    whole, split = (make(space_in_front="never", split_at_spaces=habit) for habit in (False, True))
    assert tokens_of(whole, "    x") == ["▁▁▁▁", "x"]
    assert tokens_of(split, "    x") == ["▁", "▁", "▁", "▁", "x"]


texts = st.text(st.characters(exclude_characters="▁", exclude_categories=("Cs",)), max_size=30)
mixed = st.lists(st.one_of(texts, st.sampled_from(["the", " ", "  ", "狐狸", "<s>"]))).map("".join)


@given(mixed)
@settings(max_examples=300, derandomize=True, deadline=None)
@example("  the ")
def test_decoding_gives_the_text_back(text):
    for habit in ("always", "never"):
        tokenizer = make(space_in_front=habit)
        for allowed in ("all", ()):
            ids = tokenizer.encode(text, allowed)
            if habit == "never" or "<s>" not in text:
                assert tokenizer.decode(ids) == text


@pytest.mark.parametrize(
    ("habit", "text", "decoded"),
    [
        ("missing", " the", "the"),  # the space was there already, and is taken away
        ("always", "the<s>the", "the<s> the"),  # only the first one is taken away
        ("never", "a▁b", "a b"),  # the mark itself reads as a space
    ],
)
def test_what_decoding_does_not_give_back(habit, text, decoded):
    tokenizer = make(space_in_front=habit)
    assert tokenizer.decode(tokenizer.encode(text, "all")) == decoded


def test_bytes_of_tokens_join_to_the_bytes_of_the_text():
    tokenizer = make()
    ids = tokenizer.encode("the 月 the")
    pieces = [tokenizer.decode_bytes([i]) for i in ids]
    assert b"".join(pieces) == tokenizer.decode_bytes(ids) == " the 月 the".encode()
    assert "".join(tokenizer.decode([i]) for i in ids) == "the���the"


def test_a_run_of_bytes_is_a_text_as_a_whole_or_not_at_all():
    tokenizer = make()
    ids = [tokenizer.vocab[f"<0x{byte:02X}>"] for byte in "月".encode()]
    assert tokenizer.decode(ids) == "月"
    assert tokenizer.decode(ids[:2]) == "\ufffd" * 2
    assert tokenizer.decode([*ids, ids[0]]) == "\ufffd" * 4
    assert tokenizer.decode([*ids, tokenizer.vocab["x"], ids[0]]) == "月x\ufffd"


def test_special_tokens_are_found_only_where_allowed_and_user_defined_ones_always():
    tokenizer = make(user_defined={"the\n": 901})
    assert tokenizer.encode("<s>", "all") == tokenizer.encode("<s>", {"<s>"}) == [0]
    assert 0 not in tokenizer.encode("<s>") + tokenizer.encode("<s>", {"</s>"})
    assert tokenizer.encode("the\n") == [901]
    assert tokenizer.decode([901]) == "the\n"
    assert tokenizer.vocab_size == 902
    with pytest.raises(ValueError, match="'<x>'"):
        tokenizer.encode("x", {"<x>"})


def naive(tokenizer, text):
    """Merge the neighbors of lowest rank, the leftmost first, until there are none."""
    symbols = list("▁" + text.replace(" ", "▁"))
    while known := [
        (tokenizer.merges[pair], place)
        for place, pair in enumerate(pairwise(symbols))
        if pair in tokenizer.merges
    ]:
        place = min(known)[1]
        symbols[place : place + 2] = ["".join(symbols[place : place + 2])]
    return symbols


@given(st.text("the x狐狸", max_size=25))
@settings(max_examples=300, derandomize=True, deadline=None)
@example("x the x the")
@pytest.mark.parametrize("more", [[], ["x ▁", "x▁ ▁the", "狐 ▁"]])
def test_cutting_at_spaces_changes_no_token(more, text):
    tokenizer = make([*more, *MERGES])
    assert (tokenizer._word is None) is bool(more)
    assert tokens_of(tokenizer, text) == (naive(tokenizer, text) if text else [])


def test_equal_ranks_are_merged_from_the_left():
    tokenizer = make(["x y", "y x"], space_in_front="never")
    assert tokens_of(tokenizer, "yxy") == ["y", "xy"]
    equal = CharacterBPETokenizer(
        dict.fromkeys(tokenizer.merges, 0), tokenizer.vocab, {}, space_in_front="never"
    )
    assert tokens_of(equal, "yxy") == ["yx", "y"]


@pytest.mark.parametrize("unit", ["狐狸", "the", "thx", "月"])
def test_a_hundred_thousand_characters_without_a_space_take_a_linear_number_of_look_ups(unit):
    class Counting(dict):
        n_look_ups = 0

        def get(self, key, default=None):
            self.n_look_ups += 1
            return super().get(key, default)

    text = unit * (100_000 // len(unit))
    ranks = {
        tuple(merge.split()): rank for rank, merge in enumerate([*MERGES, "狐 狸", "狐狸 狐狸"])
    }
    merges = Counting({pair: (rank, "".join(pair)) for pair, rank in ranks.items()})
    tokens = merge_by_rank(text, merges)
    assert "".join(tokens) == text
    assert merges.n_look_ups <= 6 * len(text)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"vocab": {"x": 1}}, "'<0x00>', a byte or what a merge makes, is not in the vocabulary"),
        ({"merges": {("x", "y"): 0}}, "'xy', a byte or what a merge makes"),
        ({"special_tokens": {"<s>": 3}}, "an id is negative or stands for two tokens"),
        ({"special_tokens": {"x": 700}}, "stands for two tokens ['x']"),
        ({"special_tokens": {"<s>": -1}}, "an id is negative"),
        ({"special_tokens": {"": 700}}, "an id is negative or stands for two tokens"),
        ({"space_in_front": "often"}, "space_in_front='often'"),
        ({"split_at_spaces": True}, "space_in_front='always' and split_at_spaces=True"),
    ],
)
def test_what_does_not_fit_is_an_error(change, message):
    good = make()
    parts = {"merges": good.merges, "vocab": good.vocab, "special_tokens": {"<s>": 0}} | change
    with pytest.raises(ValueError, match=re.escape(message)):
        CharacterBPETokenizer(**parts)


def test_an_unknown_id_is_an_error():
    for decode in (make().decode, make().decode_bytes):
        with pytest.raises(ValueError, match="id 5000 is not among the 901 of the vocabulary"):
            decode([5000])


def test_the_cache_changes_nothing_and_stays_small(monkeypatch):
    monkeypatch.setattr("llm_book.tokenizers.bpe.CACHE_SIZE", 2)
    tokenizer = make()
    text = "the x y t h e " * 3 + "x" * 200
    assert tokenizer.encode(text) == tokenizer.encode(text) == make().encode(text)
    assert len(tokenizer._cache) <= 2


def test_importing_a_tokenizer_does_not_import_torch():
    code = (
        "import sys, llm_book.tokenizers.vocabularies, llm_book.tokenizers.sentencepiece_files;"
        "print('torch' in sys.modules, 'sentencepiece' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_a_save_that_breaks_off_leaves_the_file_before_it(tmp_path, monkeypatch):
    tokenizer = make()
    tokenizer.save(tmp_path)
    before = (tmp_path / "tokenizer.json").read_bytes()
    monkeypatch.setattr(tokenizer, "to_json", lambda: {"half": "\ud83d"})  # no UTF-8
    with pytest.raises(UnicodeEncodeError):
        tokenizer.save(tmp_path)
    assert (tmp_path / "tokenizer.json").read_bytes() == before
