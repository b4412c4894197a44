import io
import json
import random
import re

import pytest

from llm_book.data.stories import StoryGrammar
from llm_book.tokenizers.character_bpe import BYTE_NAMES
from llm_book.tokenizers.sentencepiece_files import load_sentencepiece_model, read_character_bpe
from llm_book.tokenizers.vocabularies import load_tokenizer_json
from tests.tokenizers.changes import put

TURNS = ["<start_of_turn>", "<end_of_turn>"]
DIALECTS = ["llama2", "metaspace_first", "metaspace_always", "metaspace_words", "gemma3"]
PIECES = [
    *(
        "the",
        "fox",
        "The fox",
        "狐狸",
        "雪地",
        "月亮",
        "。",
        "，",
        "é",
        "e\u0301",
        "😀",
        "👩‍👩‍👧",
        "龘",
        "\x00",
    ),
    *(" ", "  ", "     ", "\n", "\n\n", "\n\n\n\n", "\t", "\u3000", "\u00a0", "▁", "▁▁", "<0x41>"),
    *("<s>", "</s>", "<unk>", "<s", *TURNS, "<table>", "\ufffd", "\ufeff", "A", "7", "42"),
]


@pytest.fixture(scope="module")
def sources():
    """Stories in both languages, with runs of spaces and lines as in code."""
    stories = [StoryGrammar(language).sample(60, seed=0) for language in ("en", "zh")]
    return [*stories[0], *stories[1], "a  b\n\n    c\n\n        d\n\n\n"] * 2


@pytest.fixture(scope="module")
def random_texts(sources):
    """Hundreds of texts: odd pieces, parts of stories, and any characters at all."""
    draw = random.Random(0)
    texts = ["", " ", "  ", "▁", "<s>", " <s> ", "<s><s>", *PIECES, *sources[:5]]
    for _ in range(500):
        parts = []
        for _ in range(draw.randrange(1, 9)):
            story = draw.choice(sources)
            start = draw.randrange(len(story))
            parts += [
                draw.choice(PIECES),
                story[start : start + draw.randrange(30)],
                chr(draw.choice([draw.randrange(0x20, 0xD800), draw.randrange(0x10000, 0x20000)])),
            ]
        draw.shuffle(parts)
        texts.append("".join(parts))
    return texts


@pytest.fixture(scope="module")
def hub():
    return pytest.importorskip("tokenizers")


def spaces_of(hub, dialect):
    """Return the normalizer and the pre_tokenizer of a dialect."""
    replace = hub.normalizers.Replace(" ", "▁")
    metaspace = hub.pre_tokenizers.Metaspace
    return {
        "llama2": (hub.normalizers.Sequence([hub.normalizers.Prepend("▁"), replace]), None),
        "metaspace_first": (None, metaspace("▁", prepend_scheme="first", split=False)),
        "metaspace_always": (None, metaspace("▁", prepend_scheme="always", split=False)),
        "metaspace_words": (None, metaspace("▁", prepend_scheme="first", split=True)),
        "gemma3": (replace, hub.pre_tokenizers.Split(" ", "merged_with_previous")),
    }[dialect]


def publish(hub, sources, dialect, path):
    """Train a tokenizer in a dialect, write it as its family does, and read it again."""
    trained = hub.Tokenizer(hub.models.BPE())
    trained.normalizer, trained.pre_tokenizer = spaces_of(hub, dialect)
    if dialect != "metaspace_words":  # words for training, that are no words of the tokenizer
        trained.pre_tokenizer = hub.pre_tokenizers.Metaspace("▁", prepend_scheme="never")
    trainer = hub.trainers.BpeTrainer(vocab_size=1500, limit_alphabet=300, show_progress=False)
    trained.train_from_iterator(sources, trainer)
    learned = json.loads(trained.to_str())["model"]
    special = ["<unk>", "<s>", "</s>", *(TURNS if dialect == "gemma3" else [])]
    blanks = ["▁▁", "▁▁▁▁", "\n\n", "\n\n\n\n"] if dialect == "gemma3" else ["▁▁"]
    vocab = {token: i for i, token in enumerate([*special, *BYTE_NAMES])}
    merges = [*learned["merges"], ["▁", "▁"]]
    if dialect == "gemma3":
        merges += [["▁▁", "▁▁"], ["\n", "\n"], ["\n\n", "\n\n"]]
    for token in [*learned["vocab"], *blanks, *(["\n"] if dialect == "gemma3" else [])]:
        vocab.setdefault(token, len(vocab))
    model = hub.models.BPE(
        vocab, list(map(tuple, merges)), byte_fallback=True, unk_token="<unk>", fuse_unk=True
    )
    reader = hub.Tokenizer(model)
    reader.normalizer, reader.pre_tokenizer = spaces_of(hub, dialect)
    decoders = [
        hub.decoders.Replace("▁", " "),
        hub.decoders.ByteFallback(),
        hub.decoders.Fuse(),
        hub.decoders.Strip(" ", 1, 0),
    ]
    reader.decoder = hub.decoders.Sequence(decoders[: 3 if dialect == "gemma3" else 4])
    reader.add_special_tokens([hub.AddedToken(token, normalized=False) for token in special])
    if dialect == "gemma3":
        added = [*blanks, "<table>"]
        reader.add_tokens([hub.AddedToken(token, normalized=False) for token in added])
    if dialect == "llama2":
        reader.post_processor = hub.processors.TemplateProcessing(
            single="<s> $A", special_tokens=[("<s>", 1)]
        )
    data = json.loads(reader.to_str())
    if dialect == "llama2":  # as first published: merges as strings, and fewer settings
        data["model"]["merges"] = [" ".join(merge) for merge in data["model"]["merges"]]
        del data["model"]["ignore_merges"]
    path.write_text(json.dumps(data), "utf-8")
    return load_tokenizer_json(path), hub.Tokenizer.from_file(str(path))


@pytest.fixture(scope="module", params=DIALECTS)
def pair(request, hub, sources, tmp_path_factory):
    path = tmp_path_factory.mktemp(request.param) / "tokenizer.json"
    return publish(hub, sources, request.param, path)


@pytest.mark.parametrize("allowed", ["all", ()])
def test_any_text_is_encoded_and_decoded_as_by_the_files_own_reader(pair, random_texts, allowed):
    ours, reader = pair
    reader.encode_special_tokens = allowed == ()
    for text in random_texts:
        ids = reader.encode(text, add_special_tokens=False).ids
        assert ours.encode(text, allowed) == ids, text
        assert ours.decode(ids) == reader.decode(ids, skip_special_tokens=False), text


def test_any_ids_are_decoded_as_by_the_files_own_reader(pair):
    ours, reader = pair
    draw = random.Random(1)
    for _ in range(500):
        often_bytes = [draw.choice([3 + draw.randrange(256), draw.randrange(ours.vocab_size)])]
        ids = often_bytes + [draw.randrange(ours.vocab_size) for _ in range(draw.randrange(4))]
        ids = [
            *ids,
            *(ours.vocab[f"<0x{byte:02X}>"] for byte in "海".encode()[: draw.randrange(4)]),
        ]
        draw.shuffle(ids)
        assert ours.decode(ids) == reader.decode(ids, skip_special_tokens=False), ids


def test_the_file_keeps_every_id(pair):
    ours, reader = pair
    everything = ours.vocab | ours.special_tokens | ours.user_defined
    assert everything == reader.get_vocab(with_added_tokens=True)
    assert ours.vocab_size == reader.get_vocab_size()


def test_a_tokenizer_is_saved_and_read_the_same(pair, hub, random_texts, tmp_path):
    ours, _ = pair
    ours.save(tmp_path)
    again = load_tokenizer_json(tmp_path / "tokenizer.json")
    reader = hub.Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    assert again.to_json() == ours.to_json()
    for text in random_texts[::5]:
        ids = ours.encode(text, "all")
        assert ids == again.encode(text, "all") == reader.encode(text).ids, text
        assert ours.decode(ids) == reader.decode(ids, skip_special_tokens=False), text


def test_a_normalized_special_token_is_found_without_a_space_too(hub, sources, tmp_path):
    path = tmp_path / "tokenizer.json"
    ours, _ = publish(hub, sources, "llama2", path)
    data = json.loads(path.read_text("utf-8"))
    for token in data["added_tokens"]:
        token["normalized"] = True
    path.write_text(json.dumps(data), "utf-8")
    reader = hub.Tokenizer.from_file(str(path))
    end = ours.special_tokens["</s>"]
    assert end not in reader.encode("the fox</s>").ids
    assert load_tokenizer_json(path).encode("the fox</s>", "all") == [*ours.encode("the fox"), end]


def byte_level(data):
    data["pre_tokenizer"] = {"type": "ByteLevel", "add_prefix_space": False}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (put("model", "type", value="Unigram"), "type='Unigram'"),
        (put("model", "ignore_merges", value=True), "ignore_merges=True"),
        (put("model", "dropout", value=0.1), "dropout=0.1"),
        (put("model", "end_of_word_suffix", value="</w>"), "end_of_word_suffix='</w>'"),
        (put("model", "new_habit", value=3), "new_habit=3"),
        (put("model", "merges", 0, value="a b c"), "['a', 'b', 'c'] is not a merge of two tokens"),
        (put("model", "merges", 0, value="龘 龘"), "['龘', '龘'] is not a merge of two tokens"),
        (put("model", "merges", 0, value="<0xE7> a"), "['<0xE7>', 'a'] is not a merge of two"),
        (put("model", "merges", 0, value="▁ ▁"), "a merge occurs twice"),
        (put("model", "vocab", value={}), "is not a merge of two tokens"),
        (put("model", "vocab", "▁", value=0), "an id is negative or stands for two tokens"),
        (put("normalizer", value={"type": "NFC"}), "normalizer {'type': 'NFC'} with pre_tokenizer"),
        (
            put("pre_tokenizer", value={"type": "Whitespace"}),
            "pre_tokenizer {'type': 'Whitespace'}",
        ),
        (byte_level, "'ByteLevel'"),
        (put("decoder", value={"type": "ByteFallback"}), "decoder {'type': 'ByteFallback'}"),
        (lambda data: data["decoder"]["decoders"].pop(), "decoder {'type': 'Sequence'"),
        (put("added_tokens", 1, "lstrip", value=True), "lstrip=True of '<s>'"),
        (put("added_tokens", 1, "special", value=False), None),
        (lambda data: data["added_tokens"][1].update(special=False, normalized=True), "normalized"),
        (put("added_tokens", 1, "id", value=9), "stands for two tokens ['<s>']"),
        (lambda data: data["model"]["vocab"].pop("<0x41>"), "'<0x41>', a byte or what a merge"),
        (lambda data: data.pop("decoder"), "'decoder'"),
    ],
)
def test_what_we_do_not_do_is_refused_in_one_line(hub, sources, tmp_path, change, message):
    path = tmp_path / "tokenizer.json"
    publish(hub, sources, "llama2", path)
    data = json.loads(path.read_text("utf-8"))
    change(data)
    path.write_text(json.dumps(data), "utf-8")
    if message is None:
        assert load_tokenizer_json(path).encode("<s>") == [1]  # always found: it is no mark
        return
    with pytest.raises(ValueError, match=re.escape(message)) as error:
        load_tokenizer_json(path)
    assert str(error.value).startswith(f"{path} is not a BPE with byte fallback that we can read")
    assert "\n" not in str(error.value)


def test_a_user_defined_token_that_spaces_would_change_is_refused(hub, sources, tmp_path):
    path = tmp_path / "tokenizer.json"
    publish(hub, sources, "gemma3", path)
    data = json.loads(path.read_text("utf-8"))
    token = next(token for token in data["added_tokens"] if token["content"] == "<table>")
    token["normalized"] = True
    assert read_character_bpe(data).user_defined["<table>"] == token["id"]
    token["content"] = "a table"
    with pytest.raises(ValueError, match="normalized=True of 'a table'"):
        read_character_bpe(data)


# tokenizer.model


@pytest.fixture(scope="module")
def library():
    return pytest.importorskip("sentencepiece")


def train(library, sources, **habits):
    """Train a small tokenizer with the settings of Llama 2, and return the file's content."""
    content = io.BytesIO()
    settings = {
        "model_type": "bpe",
        "byte_fallback": True,
        "normalization_rule_name": "identity",
        "remove_extra_whitespaces": False,
        "allow_whitespace_only_pieces": True,
        "split_digits": True,
        "vocab_size": 1800,
        "character_coverage": 0.98,
        "minloglevel": 2,
        "num_threads": 1,
    }
    library.SentencePieceTrainer.train(
        sentence_iterator=iter(sources), model_writer=content, **(settings | habits)
    )
    return content.getvalue()


@pytest.fixture(scope="module")
def lines(sources):
    return [line for text in sources for line in text.split("\n") if line]


@pytest.fixture(scope="module", params=[True, False])
def model_pair(request, library, lines, tmp_path_factory):
    path = tmp_path_factory.mktemp("sentencepiece") / "tokenizer.model"
    path.write_bytes(train(library, lines, add_dummy_prefix=request.param))
    return load_sentencepiece_model(path), library.SentencePieceProcessor(model_file=str(path))


def test_a_sentencepiece_model_encodes_and_decodes_as_the_library(model_pair, random_texts):
    ours, reader = model_pair
    for text in random_texts:
        text = text.replace("\x00", "")
        ids = reader.encode(text)
        assert ours.encode(text) == ids, text
        assert ours.decode(ids) == reader.decode(ids), text


def test_equal_scores_are_merged_from_the_left(library, lines, tmp_path):
    proto = pytest.importorskip("sentencepiece.sentencepiece_model_pb2").ModelProto
    model = proto.FromString(train(library, lines))
    for piece in model.pieces:
        if piece.type == 1:
            piece.score = round(piece.score / 40)  # twenty scores for all pieces
    (tmp_path / "tokenizer.model").write_bytes(model.SerializeToString())
    ours = load_sentencepiece_model(tmp_path / "tokenizer.model")
    reader = library.SentencePieceProcessor(model_file=str(tmp_path / "tokenizer.model"))
    for text in lines:
        assert ours.encode(text) == reader.encode(text), text


def test_special_tokens_go_behind_all_pieces(library, lines, tmp_path):
    path = tmp_path / "tokenizer.model"
    path.write_bytes(train(library, lines))
    plain = load_sentencepiece_model(path)
    n = plain.vocab_size
    ours = load_sentencepiece_model(path, ["[gMASK]", "sop", "<|user|>"])
    assert ours.special_tokens == {
        "<unk>": 0, "<s>": 1, "</s>": 2, "[gMASK]": n, "sop": n + 1, "<|user|>": n + 2
    }  # fmt: skip
    assert ours.encode("[gMASK]sop the", "all") == [n, n + 1, *plain.encode(" the")]
    assert ours.encode("sop") == plain.encode("sop")
    numbered = load_sentencepiece_model(path, {"</s>": 2, "<|user|>": n + 9})
    assert numbered.special_tokens["<|user|>"] == n + 9
    with pytest.raises(ValueError, match="stands for two tokens"):
        load_sentencepiece_model(path, {"sop": 5})


def test_merges_of_equal_rank_are_not_written_to_tokenizer_json(model_pair, tmp_path):
    with pytest.raises(ValueError, match="no merges of equal rank"):
        model_pair[0].save(tmp_path)


@pytest.mark.parametrize(
    ("habits", "message"),
    [
        ({"model_type": "unigram", "vocab_size": 1500}, "model_type 1 instead of BPE"),
        ({"normalization_rule_name": "nmt_nfkc"}, "normalizer 'nmt_nfkc'"),
        ({"remove_extra_whitespaces": True}, "remove_extra_whitespaces"),
        ({"treat_whitespace_as_suffix": True}, "treat_whitespace_as_suffix"),
        ({"user_defined_symbols": ["<n>"]}, "the user-defined piece '<n>'"),
        ({"byte_fallback": False}, "'<0x00>', a byte or what a merge makes"),
    ],
)
def test_a_model_with_other_habits_is_refused_in_one_line(
    library, lines, tmp_path, habits, message
):
    path = tmp_path / "tokenizer.model"
    path.write_bytes(train(library, lines, **habits))
    with pytest.raises(ValueError, match=re.escape(message)) as error:
        load_sentencepiece_model(path)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_a_file_that_is_no_model_is_refused_in_one_line(library, tmp_path):
    path = tmp_path / "tokenizer.model"
    path.write_text("{}", "utf-8")
    with pytest.raises(ValueError, match="is not a SentencePiece BPE"):
        load_sentencepiece_model(path)


def test_without_the_library_the_error_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(__import__("sys").modules, "sentencepiece", None)
    monkeypatch.delitem(
        __import__("sys").modules, "sentencepiece.sentencepiece_model_pb2", raising=False
    )
    with pytest.raises(LookupError, match="pip install sentencepiece protobuf"):
        load_sentencepiece_model(tmp_path / "tokenizer.model")
