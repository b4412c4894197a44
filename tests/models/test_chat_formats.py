"""Conversations written out by hand as they are published, and their ids."""

import json
import re

import pytest

from llm_book.models.chat_formats import CHAT_FORMATS, ChatFormat
from llm_book.tokenizers.character_bpe import BYTE_NAMES, CharacterBPETokenizer
from llm_book.tokenizers.vocabularies import load_tokenizer_json

SYSTEM = {"role": "system", "content": "Be brief."}
QUESTION = {"role": "user", "content": "Where does the moon go?"}
ANSWER = {"role": "assistant", "content": "Behind the hill."}
AGAIN = {"role": "user", "content": "为什么？"}
CONVERSATION = [SYSTEM, QUESTION, ANSWER, AGAIN]

# As the publishers write them; each line below is one turn.
EXPECTED = {
    "llama2": "<s>[INST] <<SYS>>\nBe brief.\n<</SYS>>\n\nWhere does the moon go? [/INST]"
    " Behind the hill. </s>"
    "<s>[INST] 为什么？ [/INST]",
    "llama3": "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nBe brief.<|eot_id|>"
    "<|start_header_id|>user<|end_header_id|>\n\nWhere does the moon go?<|eot_id|>"
    "<|start_header_id|>assistant<|end_header_id|>\n\nBehind the hill.<|eot_id|>"
    "<|start_header_id|>user<|end_header_id|>\n\n为什么？<|eot_id|>"
    "<|start_header_id|>assistant<|end_header_id|>\n\n",
    "qwen3": "<|im_start|>system\nBe brief.<|im_end|>\n"
    "<|im_start|>user\nWhere does the moon go?<|im_end|>\n"
    "<|im_start|>assistant\nBehind the hill.<|im_end|>\n"
    "<|im_start|>user\n为什么？<|im_end|>\n"
    "<|im_start|>assistant\n",
    "gemma3": "<bos><start_of_turn>user\nBe brief.\n\nWhere does the moon go?<end_of_turn>\n"
    "<start_of_turn>model\nBehind the hill.<end_of_turn>\n"
    "<start_of_turn>user\n为什么？<end_of_turn>\n"
    "<start_of_turn>model\n",
    "olmo3": "<|im_start|>system\nBe brief.<|im_end|>\n"
    "<|im_start|>user\nWhere does the moon go?<|im_end|>\n"
    "<|im_start|>assistant\nBehind the hill.<|im_end|>\n"
    "<|im_start|>user\n为什么？<|im_end|>\n"
    "<|im_start|>assistant\n",
    "chatglm3": "[gMASK]sop<|system|>\n Be brief."
    "<|user|>\n Where does the moon go?"
    "<|assistant|>\n Behind the hill."
    "<|user|>\n 为什么？"
    "<|assistant|>",
    "glm4": "[gMASK]<sop><|system|>\nBe brief."
    "<|user|>\nWhere does the moon go?"
    "<|assistant|>\nBehind the hill."
    "<|user|>\n为什么？"
    "<|assistant|>\n",
}


@pytest.mark.parametrize("name", CHAT_FORMATS)
def test_a_conversation_looks_as_published(name):
    assert CHAT_FORMATS[name].render(CONVERSATION) == EXPECTED[name]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("llama2", "<s>[INST] Hi [/INST]"),
        (
            "llama3",
            "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>"
            "<|start_header_id|>assistant<|end_header_id|>\n\n",
        ),
        ("qwen3", "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"),
        ("gemma3", "<bos><start_of_turn>user\nHi<end_of_turn>\n<start_of_turn>model\n"),
        (
            "olmo3",
            "<|im_start|>system\nYou are a helpful function-calling AI assistant. You do not "
            "currently have access to any functions. <functions></functions><|im_end|>\n"
            "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n",
        ),
        ("chatglm3", "[gMASK]sop<|user|>\n Hi<|assistant|>"),
        ("glm4", "[gMASK]<sop><|user|>\nHi<|assistant|>\n"),
    ],
)
def test_a_question_alone_looks_as_published(name, expected):
    assert CHAT_FORMATS[name].render([{"role": "user", "content": "Hi"}]) == expected


@pytest.mark.parametrize(
    ("name", "is_kept"),
    [("llama2", False), ("llama3", False), ("gemma3", False), ("qwen3", True), ("glm4", True)],
)
def test_white_space_at_the_ends_is_kept_where_the_format_keeps_it(name, is_kept):
    spaced, plain = (
        CHAT_FORMATS[name].render([{"role": "user", "content": text}]) for text in (" Hi\n", "Hi")
    )
    assert (spaced != plain) is is_kept


def test_glm_reads_what_a_tool_returns():
    call = {"role": "assistant", "content": "weather('海边')"}
    result = {"role": "observation", "content": "sun"}
    text = CHAT_FORMATS["glm4"].render([QUESTION, call, result])
    assert text.endswith("<|assistant|>\nweather('海边')<|observation|>\nsun<|assistant|>\n")


@pytest.mark.parametrize("name", CHAT_FORMATS)
def test_every_token_of_a_format_has_its_published_id(name):
    form = CHAT_FORMATS[name]
    written = set(re.findall(r"<\|?\w+\|?>|\[gMASK\]|</s>", form.render(CONVERSATION)))
    assert written - {"<SYS>"} <= form.special_tokens.keys()
    assert set(form.stop) <= form.special_tokens.keys()
    assert len(set(form.special_tokens.values())) == len(form.special_tokens)
    assert form.source.startswith("https://")


@pytest.mark.parametrize(
    ("messages", "complaint"),
    [
        ([], "the last message of a conversation must be from the user"),
        ([QUESTION, ANSWER], "the last message of a conversation must be from the user"),
        ([QUESTION, SYSTEM, AGAIN], "a message from 'system' has no place there: 'Be brief.'"),
        ([{"role": "tool", "content": "sun"}, AGAIN], "a message from 'tool' has no place"),
    ],
)
@pytest.mark.parametrize("name", CHAT_FORMATS)
def test_what_a_format_cannot_say_is_refused(name, messages, complaint):
    with pytest.raises(ValueError, match=re.escape(complaint)):
        CHAT_FORMATS[name].render(messages)


@pytest.mark.parametrize("name", ["llama2", "gemma3"])
def test_a_system_message_never_joins_the_turn_of_the_model(name):
    message = "a system message joins the user's first, but 'assistant' follows it"
    with pytest.raises(ValueError, match=message):
        CHAT_FORMATS[name].render([SYSTEM, ANSWER, QUESTION])


# Ids, by small tokenizers in the style of each family

TEXT = (
    "The moon goes behind the hill. 月亮到山后面去了，为什么？\n\ndef f(x):\n    return x + 12345\n"
)
THREE_DIGITS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
PATTERNS = {
    "llama3": THREE_DIGITS,
    "qwen3": THREE_DIGITS.replace("{1,3}", ""),
    "olmo3": THREE_DIGITS,
    "glm4": THREE_DIGITS,
}


@pytest.fixture(scope="module")
def hub():
    return pytest.importorskip("tokenizers")


@pytest.fixture(scope="module", params=PATTERNS)
def published(request, hub, tmp_path_factory):
    """Return a format, our tokenizer of a small file in the style of the family, and its own."""
    form = CHAT_FORMATS[request.param]
    reader = hub.Tokenizer(hub.models.BPE())
    split = hub.pre_tokenizers.Split(hub.Regex(PATTERNS[request.param]), "isolated", False)
    byte_level = hub.pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    reader.pre_tokenizer = hub.pre_tokenizers.Sequence([split, byte_level])
    reader.decoder = hub.decoders.ByteLevel()
    if request.param == "qwen3":
        reader.normalizer = hub.normalizers.NFC()
    trainer = hub.trainers.BpeTrainer(
        vocab_size=400, initial_alphabet=byte_level.alphabet(), show_progress=False
    )
    reader.train_from_iterator([TEXT * 3], trainer)
    reader.add_special_tokens(
        [hub.AddedToken(token, normalized=False) for token in form.special_tokens]
    )
    data = json.loads(reader.to_str())
    data["model"]["ignore_merges"] = request.param == "llama3"
    path = tmp_path_factory.mktemp(request.param) / "tokenizer.json"
    path.write_text(json.dumps(data), "utf-8")
    return form, load_tokenizer_json(path), hub.Tokenizer.from_file(str(path))


def test_a_conversation_has_the_ids_of_the_tokenizers_library(published):
    form, ours, reader = published
    conversation = [SYSTEM, {"role": "user", "content": TEXT}, ANSWER, AGAIN]
    expected = reader.encode(form.render(conversation), add_special_tokens=False).ids
    assert form.encode(conversation, ours) == expected
    assert ours.encode(form.render(conversation), "all") == expected


@pytest.mark.parametrize("content", ["\n\nlist\n", "  code", "1234567", "e\u0301", ""])
def test_words_reach_from_the_format_into_the_message_as_in_one_text(published, content):
    form, ours, reader = published
    conversation = [{"role": "user", "content": content}]
    assert form.encode(conversation, ours) == reader.encode(form.render(conversation)).ids


def test_what_a_user_writes_never_becomes_a_special_token(published):
    form, ours, _ = published
    specials = set(ours.special_tokens.values())
    attack = "".join(form.special_tokens)
    harmless, attacked = (
        [i for i in form.encode([{"role": "user", "content": text}], ours) if i in specials]
        for text in ("Hi", attack)
    )
    assert attacked == harmless
    text = form.render([{"role": "user", "content": attack}])
    assert sum(i in specials for i in ours.encode(text, "all")) > len(harmless)


@pytest.mark.parametrize(("name", "habit"), [("llama2", "always"), ("gemma3", "never")])
def test_a_tokenizer_of_characters_gives_the_ids_of_the_tokenizers_library(
    hub, tmp_path, name, habit
):
    form = CHAT_FORMATS[name]
    merges = {("▁", "T"): 0, ("▁T", "h"): 1, ("▁Th", "e"): 2, ("月", "亮"): 3, ("▁", "["): 4}
    pieces = [*BYTE_NAMES, *dict.fromkeys("▁[" + TEXT.replace(" ", "▁")), *map("".join, merges)]
    vocab = {piece: i for i, piece in enumerate(pieces, 300)} | dict(form.special_tokens)
    written = CharacterBPETokenizer(merges, vocab, form.special_tokens, space_in_front=habit)
    written.save(tmp_path)
    ours = load_tokenizer_json(tmp_path / "tokenizer.json")
    reader = hub.Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    conversation = [SYSTEM, {"role": "user", "content": TEXT}, ANSWER, AGAIN]
    assert form.encode(conversation, ours) == reader.encode(form.render(conversation)).ids


def test_a_greeting_has_the_ids_that_chatglm3_publishes():
    form = CHAT_FORMATS["chatglm3"]
    vocab = {name: i for i, name in enumerate(BYTE_NAMES, 3)}
    vocab |= {"▁": 30910, "▁你": 36474, "好": 54591, "你": 54530}
    tokenizer = CharacterBPETokenizer({("▁", "你"): 0}, vocab, form.special_tokens)
    ids = form.encode([{"role": "user", "content": "你好"}], tokenizer)
    assert ids == [64790, 64792, 64795, 30910, 13, 36474, 54591, 64796]


def test_braces_in_a_system_message_stay():
    form = CHAT_FORMATS["llama2"]
    text = form.render([{"role": "system", "content": "{} {x}"}, QUESTION])
    assert "<<SYS>>\n{} {x}\n<</SYS>>" in text


def test_a_format_is_data_that_nobody_changes():
    with pytest.raises(AttributeError):
        CHAT_FORMATS["glm4"].start = ""  # type: ignore[misc]
    assert isinstance(CHAT_FORMATS["glm4"], ChatFormat)
