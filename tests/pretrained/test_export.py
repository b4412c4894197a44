import json

import pytest
import torch
import transformers
from safetensors.torch import load_file
from torch import nn
from torch.testing import assert_close

from llm_book.generation.generate import generate
from llm_book.models.gpt2 import GPT2, GPT2Config
from llm_book.pretrained import export
from llm_book.pretrained.export import save_pretrained
from llm_book.pretrained.family import FAMILIES
from llm_book.pretrained.load import from_pretrained
from llm_book.tokenizers.bpe import BPETokenizer, train_bpe
from tests.pretrained import toy

TOLERANCE = {"rtol": 1e-4, "atol": 1e-4}
EXACT = {"rtol": 0, "atol": 0}
TEXT = "The fox found jam; it grinned. 狐狸找到果酱，它笑了。" * 9


@pytest.fixture(scope="module")
def tokenizer():
    return train_bpe(TEXT, 290, special_tokens=["<|endoftext|>"])


def make_model(**options):
    torch.manual_seed(0)
    sizes = {"vocab_size": 300, "context_length": 64, "dim": 48, "n_layers": 3, "n_heads": 4}
    model = GPT2(GPT2Config(**sizes | options)).eval()
    for parameter in model.parameters():
        std = parameter.shape[-1] ** -0.5 if parameter.dim() > 1 else 0.2
        nn.init.normal_(parameter, mean=0 if parameter.dim() > 1 else 0.5, std=std)
    return model


@pytest.fixture
def tokens():
    return torch.randint(300, (2, 24), generator=torch.Generator().manual_seed(1))


CASES = [
    ({}, 10**9),
    ({}, 60_000),
    ({"tie_embeddings": False}, 10**9),
    ({"hidden_dim": 80, "norm_eps": 0.1, "exact_gelu": True}, 10**9),
]


@pytest.mark.parametrize(("options", "size"), CASES, ids=["one file", "shards", "untied", "sizes"])
@torch.no_grad()
def test_transformers_loads_equal_logits(tmp_path, tokens, options, size):
    model = make_model(**options)
    save_pretrained(model, tmp_path / "out", max_shard_bytes=size)
    theirs, information = transformers.GPT2LMHeadModel.from_pretrained(
        tmp_path / "out", output_loading_info=True
    )
    assert not any(information.values())
    expected = model(tokens)
    assert 0.5 < expected.std() < 20
    assert_close(theirs.eval()(tokens).logits, expected, **TOLERANCE)


@pytest.mark.parametrize(("options", "size"), CASES, ids=["one file", "shards", "untied", "sizes"])
def test_we_load_the_same_model_back(tmp_path, options, size):
    model = make_model(**options, dropout=0.25)
    again = from_pretrained(save_pretrained(model, tmp_path / "out", max_shard_bytes=size))
    assert again.config == model.config
    assert (again.head.weight is again.embedding.token.weight) == model.config.tie_embeddings
    for (name, mine), (_, expected) in zip(
        again.named_parameters(), model.named_parameters(), strict=True
    ):
        assert torch.equal(mine, expected), name


def test_transformers_writes_the_same_greedy_text(tmp_path, tokens):
    model = make_model()
    save_pretrained(model, tmp_path / "out")
    theirs = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "out")
    expected = theirs.generate(tokens, max_new_tokens=30, do_sample=False, pad_token_id=0)
    assert generate(model, tokens, 30) == expected[:, 24:].tolist()


def test_a_tied_head_is_left_out(tmp_path):
    for tied in (True, False):
        folder = save_pretrained(make_model(tie_embeddings=tied), tmp_path / str(tied))
        assert ("lm_head.weight" in load_file(folder / "model.safetensors")) != tied


def test_no_shard_is_larger_than_asked_unless_one_tensor_is(tmp_path):
    limit = 40_000
    folder = save_pretrained(make_model(), tmp_path / "out", max_shard_bytes=limit)
    index = json.loads((folder / "model.safetensors.index.json").read_text())
    files = sorted(folder.glob("*.safetensors"))
    assert files[0].name == f"model-00001-of-{len(files):05}.safetensors"
    total = 0
    for file in files:
        tensors = load_file(file)
        size = sum(tensor.nbytes for tensor in tensors.values())
        assert size <= limit or len(tensors) == 1
        assert {index["weight_map"][name] for name in tensors} == {file.name}
        total += size
    assert index["metadata"]["total_size"] == total
    assert not (folder / "model.safetensors").exists()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_the_dtype_is_kept(tmp_path, dtype):
    folder = save_pretrained(make_model().to(dtype), tmp_path / "out")
    assert {parameter.dtype for parameter in from_pretrained(folder).parameters()} == {dtype}
    theirs = transformers.GPT2LMHeadModel.from_pretrained(folder)
    assert theirs.dtype == dtype


def test_joined_and_stacked_weights_are_written_as_published(tmp_path, monkeypatch):
    monkeypatch.setitem(FAMILIES, "toy", "tests.pretrained.toy:ToyFamily")
    torch.manual_seed(0)
    model = toy.Toy(toy.ToyConfig(dim=4))
    folder = save_pretrained(model, tmp_path / "out")
    written = load_file(folder / "model.safetensors")
    expected = {name: t for name, t in toy.publish(model).items() if not name.endswith("mask")}
    assert written.keys() == expected.keys()
    for name, tensor in expected.items():
        assert_close(written[name], tensor, **EXACT)
    for mine, before in zip(from_pretrained(folder).parameters(), model.parameters(), strict=True):
        assert torch.equal(mine, before)


TEXTS = [
    "The fox found jam",
    "狐狸笑了。\n\n  它",
    "a<|endoftext|>b 🦊 \u00e9",
    "  ",
    "don't 123,456",
]


@pytest.mark.parametrize("text", TEXTS)
def test_transformers_encodes_to_the_same_ids(tmp_path, tokenizer, text):
    folder = save_pretrained(make_model(), tmp_path / "out", tokenizer)
    theirs = transformers.AutoTokenizer.from_pretrained(folder)
    expected = tokenizer.encode(text, allowed_special="all")
    assert theirs(text).input_ids == expected
    assert theirs.decode(expected, clean_up_tokenization_spaces=False) == text
    assert BPETokenizer.load(folder).encode(text, allowed_special="all") == expected


def test_the_end_of_a_text_is_known_to_other_programs(tmp_path, tokenizer):
    folder = save_pretrained(make_model(), tmp_path / "out", tokenizer)
    end = tokenizer.special_tokens["<|endoftext|>"]
    assert transformers.AutoTokenizer.from_pretrained(folder).eos_token_id == end
    model = transformers.AutoModelForCausalLM.from_pretrained(folder)
    assert model.generation_config.eos_token_id == end


@pytest.mark.parametrize(
    ("special", "expected"),
    [
        (["<s>", "</s>"], ("<s>", "</s>")),
        (["<eos>", "<bos>", "<start_of_turn>"], ("<bos>", "<eos>")),
        (["<|im_start|>", "<|endoftext|>"], ("<|endoftext|>", "<|endoftext|>")),
        (["<pad>"], (None, None)),
    ],
)
def test_each_family_marks_a_text_by_its_own_tokens(tmp_path, special, expected):
    ours = train_bpe("low lower", 270, special_tokens=special)
    folder = save_pretrained(make_model(), tmp_path / "out", ours)
    theirs = transformers.AutoTokenizer.from_pretrained(folder)
    assert (theirs.bos_token, theirs.eos_token) == expected
    config = transformers.AutoConfig.from_pretrained(folder)
    assert [config.bos_token_id, config.eos_token_id] == [
        ours.special_tokens.get(mark) for mark in expected
    ]


def test_a_tokenizer_that_is_too_large_is_an_error(tmp_path, tokenizer):
    with pytest.raises(ValueError, match="290 tokens for a model of 280"):
        save_pretrained(make_model(vocab_size=280), tmp_path / "out", tokenizer)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_something_in_it_is_left_alone(tmp_path):
    (tmp_path / "note.txt").write_text("mine")
    with pytest.raises(FileExistsError, match="exists and is not empty"):
        save_pretrained(make_model(), tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["note.txt"]


def test_an_empty_folder_and_missing_parents_are_fine(tmp_path):
    (tmp_path / "empty").mkdir()
    for folder in (tmp_path / "empty", tmp_path / "new" / "deep"):
        assert (save_pretrained(make_model(), folder) / "model.safetensors").exists()


def test_what_breaks_in_the_middle_leaves_nothing(tmp_path, monkeypatch):
    real, calls = export.save_file, []

    def fail(*args, **options):
        calls.append(args)
        if len(calls) == 2:
            raise OSError("No space left on device")
        real(*args, **options)

    monkeypatch.setattr(export, "save_file", fail)
    with pytest.raises(OSError, match="No space left"):
        save_pretrained(make_model(), tmp_path / "out", max_shard_bytes=60_000)
    assert list(tmp_path.iterdir()) == []


def test_the_model_is_as_before(tmp_path, tokens):
    model = make_model().train()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    save_pretrained(model, tmp_path / "out")
    assert model.training
    assert all(parameter.requires_grad for parameter in model.parameters())
    assert_close(model.state_dict(), before, **EXACT)
