import json
import unicodedata
from pathlib import Path

import pytest
import regex
import tiktoken
from hypothesis import example, given, settings
from hypothesis import strategies as st

from llm_book.tokenizers.bpe import GPT2_PATTERN, BPETokenizer, token_to_text, train_bpe
from llm_book.tokenizers.vocabularies import (
    extend_tiktoken,
    load_gpt2_vocabulary,
    load_tokenizer_json,
    read_merge,
)
from tests.tokenizers.changes import put

END = "<|endoftext|>"
LLAMA3_PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
TEXT = "The sea was calm, the boat wasn't. 海很静，小船不静。\n\n  12345 naïve\tnai\u0308ve 😀 "

whitespace = st.text(" \n\t\r\u00a0\u2003\u3000\u0085\x1c", max_size=6)
pieces = st.one_of(
    st.text(st.characters(exclude_categories=("Cn",)), max_size=8),  # with halves of pairs
    whitespace,
    st.sampled_from(
        ["'re", "'LL", " the", "海", "小船。", "😀", "👩‍👩‍👧", "e\u0301", END, END[:5]]
    ),
    st.binary(max_size=6).map(lambda data: data.decode("utf-8", "surrogateescape")),
)
texts = st.lists(pieces, max_size=8).map("".join)


def every(n):
    return settings(max_examples=n, derandomize=True, deadline=None)


# GPT-2's files


@pytest.fixture(scope="module")
def gpt2(gpt2_files):
    return load_gpt2_vocabulary(*gpt2_files)


@pytest.fixture(scope="module")
def oracle(gpt2_files):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TIKTOKEN_CACHE_DIR", str(gpt2_files[0].parent))
        return tiktoken.get_encoding("gpt2")


def test_gpt2_has_its_published_ids(gpt2):
    assert gpt2.encode("Hello, world") == [15496, 11, 995]
    assert gpt2.special_tokens == {END: 50256}
    assert gpt2.vocab_size == 50257


def test_gpt2_numbers_its_merges_as_we_do(gpt2):
    assert BPETokenizer(gpt2.merges).vocab == gpt2.vocab


def test_gpt2_encodes_the_verdict_like_tiktoken(gpt2, oracle):
    path = Path(__file__).resolve().parents[3] / "shared" / "data" / "the-verdict.txt"
    if not path.exists():
        pytest.skip("the text of The Verdict is not on this machine")
    text = path.read_text("utf-8")
    assert gpt2.encode(text) == oracle.encode(text)
    assert len(gpt2.encode(text)) == 5145


@given(texts)
@every(2000)
@example("half \ud83d, whole \ud83d\ude00, end")
@example("\ufeffmark")
def test_gpt2_encodes_any_text_like_tiktoken(gpt2, oracle, text):
    ids = gpt2.encode(text)
    assert ids == oracle.encode(text, disallowed_special=())
    assert gpt2.encode(text, "all") == oracle.encode(text, allowed_special="all")
    assert gpt2.decode(ids) == oracle.decode(ids)


def test_gpt2_goes_to_tiktoken_and_back_unchanged(gpt2, oracle, tmp_path):
    gpt2.save(tmp_path)
    assert BPETokenizer.load(tmp_path).vocab == gpt2.vocab
    encoding = gpt2.to_tiktoken("gpt2")
    assert encoding.encode(TEXT + END, allowed_special="all") == oracle.encode(
        TEXT + END, allowed_special="all"
    )


@pytest.fixture
def small_gpt2_files(tmp_path):
    """Files in GPT-2's format, with three merges and a special token."""
    learned = BPETokenizer([(b"t", b"h"), (b" ", b"th"), (b" th", b"e")], [END])
    lines = [f"{token_to_text(left)} {token_to_text(right)}" for left, right in learned.merges]
    ids = {token_to_text(token): i for token, i in learned.vocab.items()} | {END: 259}
    (tmp_path / "vocab.bpe").write_text("\n".join(["#version: 0.2", *lines, ""]), "utf-8")
    (tmp_path / "encoder.json").write_text(json.dumps(ids), "utf-8")
    return tmp_path / "vocab.bpe", tmp_path / "encoder.json"


def test_files_in_the_format_of_gpt2_are_read(small_gpt2_files):
    loaded = load_gpt2_vocabulary(*small_gpt2_files)
    assert loaded.merges == [(b"t", b"h"), (b" ", b"th"), (b" th", b"e")]
    assert loaded.encode(f" the{END}", "all") == [258, 259]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("t h\n", "t h e\n", "'t h e' is not a merge of two tokens"),
        ("t h\n", "\n", "'' is not a merge of two tokens"),
        ("t h\n", "t 海\n", "'海' has a character that stands for no byte"),
        ("t h\n", "t hz\n", "b'hz', a byte or part of a merge, is not in the vocabulary"),
        ("t h\n", "t h\nt h\n", "a merge occurs twice"),
        ("#version: 0.2", "version", "begins with 'version' instead of '#version'"),
    ],
)
def test_a_broken_merges_file_is_an_error_that_names_it(small_gpt2_files, old, new, message):
    vocab_bpe, encoder_json = small_gpt2_files
    vocab_bpe.write_text(vocab_bpe.read_text("utf-8").replace(old, new), "utf-8")
    with pytest.raises(ValueError, match=regex.escape(message)) as error:
        load_gpt2_vocabulary(vocab_bpe, encoder_json)
    assert str(vocab_bpe) in str(error.value)


def test_ids_that_do_not_fit_the_merges_are_an_error(small_gpt2_files):
    vocab_bpe, encoder_json = small_gpt2_files
    ids = json.loads(encoder_json.read_text("utf-8"))
    del ids["th"]
    encoder_json.write_text(json.dumps(ids), "utf-8")
    with pytest.raises(ValueError, match="b'th', a byte or part of a merge"):
        load_gpt2_vocabulary(vocab_bpe, encoder_json)


# tokenizer.json


@pytest.fixture(scope="module")
def hub():
    return pytest.importorskip("tokenizers")


def isolated(hub, pattern, behavior="isolated", invert=False):
    split = hub.pre_tokenizers.Split(hub.Regex(pattern), behavior, invert)
    byte_level = hub.pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    return hub.pre_tokenizers.Sequence([split, byte_level])


def published(hub, folder, kind):
    """Train and write a small file in the style of a family; return its path and its reader."""
    model = hub.Tokenizer(hub.models.BPE())
    byte_level = hub.pre_tokenizers.ByteLevel(add_prefix_space=False)
    model.pre_tokenizer = byte_level if kind == "gpt2" else isolated(hub, LLAMA3_PATTERN)
    model.decoder = hub.decoders.ByteLevel()
    if kind == "olmo":
        model.pre_tokenizer = isolated(hub, LLAMA3_PATTERN, "removed", invert=True)
    if kind == "qwen":
        model.normalizer = hub.normalizers.NFC()
    first = [END, "<|pad|>"] if kind == "deepseek" else []  # special tokens with the first ids
    trainer = hub.trainers.BpeTrainer(
        vocab_size=400,
        initial_alphabet=byte_level.alphabet(),
        special_tokens=first,
        show_progress=False,
    )
    model.train_from_iterator([TEXT * 3], trainer)
    plain = {"normalized": False}
    model.add_special_tokens([hub.AddedToken(END, **plain), hub.AddedToken("<|im|>", **plain)])
    model.add_tokens([hub.AddedToken("<think>", **plain)])
    if kind == "llama3":
        model.post_processor = hub.processors.TemplateProcessing(
            single=f"{END} $A", special_tokens=[(END, model.token_to_id(END))]
        )
    data = json.loads(model.to_str())
    if kind == "llama3":
        data["model"]["ignore_merges"] = True
    if kind == "gpt2":  # as first published: merges as strings, and fewer settings
        del data["model"]["type"], data["pre_tokenizer"]["use_regex"]
        data["model"]["merges"] = [" ".join(merge) for merge in data["model"]["merges"]]
    path = folder / "tokenizer.json"
    path.write_text(json.dumps(data), "utf-8")
    return path, hub.Tokenizer.from_file(str(path))


KINDS = ["gpt2", "llama3", "qwen", "olmo", "deepseek"]


@pytest.fixture(scope="module", params=KINDS)
def pair(request, hub, tmp_path_factory):
    path, reader = published(hub, tmp_path_factory.mktemp(request.param), request.param)
    return load_tokenizer_json(path), reader


@given(st.lists(st.one_of(pieces, st.sampled_from(["<think>", "<|im|>", TEXT]))).map("".join))
@every(150)
@example(TEXT)
def test_a_tokenizer_json_encodes_like_its_own_reader(pair, text):
    ours, reader = pair
    text = text.encode("utf-8", "replace").decode()  # the reader takes no halves of pairs
    ids = reader.encode(text, add_special_tokens=False).ids
    assert ours.encode(text, "all") == ids
    assert ours.decode(ids) == reader.decode(ids, skip_special_tokens=False)


def test_a_tokenizer_json_keeps_every_id(pair):
    ours, reader = pair
    written = {token_to_text(token): i for token, i in ours.vocab.items()} | ours.special_tokens
    assert written == reader.get_vocab(with_added_tokens=True)
    assert ours.vocab_size == reader.get_vocab_size()


def test_a_published_tokenizer_is_saved_and_read_the_same(pair, hub, tmp_path):
    ours, _ = pair
    ours.save(tmp_path)
    again = load_tokenizer_json(tmp_path / "tokenizer.json")
    reader = hub.Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    text = f"{TEXT}{END}<think>"
    assert again.to_json() == ours.to_json()
    assert ours.encode(text, "all") == again.encode(text, "all") == reader.encode(text).ids


@pytest.mark.parametrize("ignore_merges", [True, False])
def test_a_word_that_no_merge_makes_is_a_token_only_where_merges_are_ignored(
    hub, tmp_path, ignore_merges
):
    path, _ = published(hub, tmp_path, "qwen")
    data = json.loads(path.read_text("utf-8"))
    data["model"]["ignore_merges"] = ignore_merges
    data["model"]["vocab"]["zebra"] = 5000
    path.write_text(json.dumps(data), "utf-8")
    ids = load_tokenizer_json(path).encode("zebra")
    assert ids == hub.Tokenizer.from_file(str(path)).encode("zebra").ids
    assert (ids == [5000]) is ignore_merges


def test_qwen_composes_text_and_gpt2_does_not(hub, tmp_path):
    decomposed = "nai\u0308ve"
    for kind, expected in [("qwen", "naïve"), ("gpt2", decomposed)]:
        loaded = load_tokenizer_json(published(hub, tmp_path, kind)[0])
        assert loaded.decode(loaded.encode(decomposed)) == expected


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_composing_stream_is_encoded_like_the_whole_text(hub, tmp_path, form):
    loaded = load_tokenizer_json(published(hub, tmp_path, "qwen")[0])
    text = unicodedata.normalize(form, "Où était-elle, la naïve ? 한국어 음절 hợp " * 4000)
    assert list(loaded.encode_iterable(text[n : n + 7] for n in range(0, len(text), 7))) == (
        loaded.encode(text)
    )


def test_files_that_save_wrote_are_read(tmp_path):
    learned = train_bpe(TEXT, 300, special_tokens=[END], pattern=LLAMA3_PATTERN)
    learned.save(tmp_path)
    loaded = load_tokenizer_json(tmp_path / "tokenizer.json")
    assert loaded.encode(TEXT + END, "all") == learned.encode(TEXT + END, "all")
    assert (loaded.vocab, loaded.pattern) == (learned.vocab, learned.pattern)


SPLIT = ("pre_tokenizer", "pretokenizers", 0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (put("model", "type", value="Unigram"), "Unigram"),
        (put("model", "end_of_word_suffix", value="</w>"), "end_of_word_suffix='</w>'"),
        (put("model", "dropout", value=0.1), "dropout=0.1"),
        (put("normalizer", value={"type": "Lowercase"}), "Lowercase"),
        (put("added_tokens", 0, "lstrip", value=True), "lstrip=True"),
        (put("pre_tokenizer", value={"type": "Metaspace"}), "Metaspace"),
        (put("pre_tokenizer", value=None), "is not a byte-level BPE"),
        (put("pre_tokenizer", "pretokenizers", 1, "add_prefix_space", value=True), "prefix_space"),
        (put("pre_tokenizer", "pretokenizers", 1, "use_regex", value=True), "use_regex"),
        (put(*SPLIT, "behavior", value="MergedWithPrevious"), "MergedWithPrevious"),
        (put(*SPLIT, "invert", value=True), "'invert': True"),
        (put(*SPLIT, "pattern", value={"String": " "}), "'String': ' '"),
        (put(*SPLIT, "pattern", value={"Regex": "("}), "pattern '(' is no regular expression"),
        (put("model", "merges", 0, value=["t"]), "['t'] is not a merge of two tokens"),
        (put("model", "merges", value=None), "is not a byte-level BPE"),
        (put("model", "vocab", "Ġ", value=0), "an id is negative or stands for two tokens"),
        (put("model", "vocab", value={}), "is not a byte-level BPE"),
    ],
)
def test_a_file_that_cannot_be_expressed_is_an_error_that_names_it(tmp_path, change, message):
    train_bpe(TEXT, 300, special_tokens=[END]).save(tmp_path)
    path = tmp_path / "tokenizer.json"
    data = json.loads(path.read_text("utf-8"))
    change(data)
    path.write_text(json.dumps(data), "utf-8")
    with pytest.raises(ValueError, match=regex.escape(message)) as error:
        load_tokenizer_json(path)
    assert str(path) in str(error.value)


@pytest.mark.parametrize("written", ["Ġ t", ["Ġ", "t"]])
def test_a_merge_is_read_in_both_forms(written):
    assert read_merge(written) == (b" ", b"t")


# More tokens for tiktoken


@pytest.fixture
def encoding():
    return train_bpe(TEXT, 300, special_tokens=[END]).to_tiktoken("small")


def test_new_tokens_get_the_ids_behind_all_others(encoding):
    extended = extend_tiktoken(encoding, ["<|user|>", "<|book|>"])
    ids = extended.encode(f"<|book|>{END}<|user|>", allowed_special="all")
    assert ids == [301, 299, 300]
    assert extended.n_vocab == encoding.n_vocab + 2
    assert extended.decode(ids) == f"<|book|>{END}<|user|>"


def test_new_tokens_change_no_other_text(encoding):
    extended = extend_tiktoken(encoding, ["<|user|>"])
    assert extended.encode_ordinary(TEXT) == encoding.encode_ordinary(TEXT)
    assert encoding.n_vocab == 300


@pytest.mark.parametrize(
    ("new", "message"),
    [
        ([""], "empty or occur twice"),
        (["<|a|>", "<|a|>"], "empty or occur twice"),
        ([END], "are special tokens of small already"),
        ("<|a|>", "is one string"),
    ],
)
def test_new_tokens_that_are_not_new_are_an_error(encoding, new, message):
    with pytest.raises(ValueError, match=message):
        extend_tiktoken(encoding, new)


def test_the_pattern_of_gpt2_is_the_one_that_tiktoken_uses(oracle):
    ours = regex.findall(GPT2_PATTERN, TEXT)
    assert ours == regex.findall(oracle._pat_str, TEXT)
