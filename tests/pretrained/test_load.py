import json
import re
import sys
import weakref

import huggingface_hub
import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file
from torch import nn
from torch.testing import assert_close

from llm_book.models.gpt2 import GPT2
from llm_book.pretrained.export import save_pretrained
from llm_book.pretrained.family import FAMILIES
from llm_book.pretrained.load import build, from_pretrained
from llm_book.pretrained.weights import StoredTensor
from tests.pretrained import toy

V, T = 97, 24
TOLERANCE = {"rtol": 1e-4, "atol": 1e-4}
EXACT = {"rtol": 0, "atol": 0}


def published(folder, shard="5GB", **options):
    """Save a GPT-2 of transformers, no parameter of which is as initialized."""
    torch.manual_seed(0)
    config = transformers.GPT2Config(
        vocab_size=V, n_positions=64, n_embd=48, n_layer=3, n_head=4, bos_token_id=None,
        eos_token_id=None, **options,
    )  # fmt: skip
    theirs = transformers.GPT2LMHeadModel(config).eval()
    for parameter in theirs.parameters():
        std = parameter.shape[0] ** -0.5 if parameter.dim() > 1 else 0.2
        nn.init.normal_(parameter, mean=0 if parameter.dim() > 1 else 0.5, std=std)
    theirs.save_pretrained(folder, max_shard_size=shard)
    return theirs


def change_config(folder, **changes):
    path = folder / "config.json"
    fields = json.loads(path.read_text()) | changes
    path.write_text(json.dumps({name: value for name, value in fields.items() if value != "gone"}))


def change_weights(folder, change):
    path = folder / "model.safetensors"
    tensors = change(load_file(path))
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, path)


@pytest.fixture
def tokens():
    return torch.randint(V, (2, T), generator=torch.Generator().manual_seed(1))


@pytest.fixture
def folder(tmp_path):
    published(tmp_path)
    return tmp_path


@pytest.fixture
def toys(monkeypatch):
    monkeypatch.setitem(FAMILIES, "toy", "tests.pretrained.toy:ToyFamily")


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"shard": "60KB"},
        {"tie_word_embeddings": False},
        {"n_inner": 80, "layer_norm_epsilon": 0.1, "activation_function": "gelu"},
    ],
    ids=["published", "shards", "untied", "other sizes"],
)
@torch.no_grad()
def test_logits_equal_transformers(tmp_path, tokens, options):
    theirs = published(tmp_path, **options)
    ours = from_pretrained(tmp_path)
    assert (len(list(tmp_path.glob("model-*"))) > 1) == ("shard" in options)
    assert_close(ours(tokens), theirs(tokens).logits, **TOLERANCE)
    assert not ours.training


@torch.no_grad()
def test_the_bare_names_and_masks_of_the_first_gpt2_files_are_read(folder, tokens):
    expected = from_pretrained(folder)(tokens)

    def bare(tensors):
        renamed = {name.removeprefix("transformer."): t for name, t in tensors.items()}
        assert "h.2.attn.c_attn.weight" in renamed
        return renamed | {f"h.{i}.attn.bias": torch.ones(1, 1, 64, 64) for i in range(3)}

    change_weights(folder, bare)
    change_config(folder, tie_word_embeddings="gone", n_inner="gone")
    assert_close(from_pretrained(folder)(tokens), expected, **EXACT)


def test_a_tied_head_shares_its_memory(folder):
    model = from_pretrained(folder)
    assert model.head.weight is model.embedding.token.weight
    with torch.no_grad():
        model.embedding.token.weight[3, 5] = 77
    assert model.head.weight[3, 5] == 77
    assert len(list(model.parameters())) == 2 + 12 * 3 + 2


def test_an_equal_head_in_the_file_stays_tied(folder):
    change_weights(folder, lambda t: t | {"lm_head.weight": t["transformer.wte.weight"].clone()})
    model = from_pretrained(folder)
    assert model.head.weight is model.embedding.token.weight


def test_another_head_in_the_file_is_an_error_where_the_config_ties(folder):
    change_weights(folder, lambda t: t | {"lm_head.weight": t["transformer.wte.weight"] + 1})
    with pytest.raises(ValueError, match=r"lm_head.weight differs from transformer.wte.weight"):
        from_pretrained(folder)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.float16])
def test_the_weights_get_the_dtype_that_is_asked_for(folder, dtype):
    model, plain = from_pretrained(folder, dtype=dtype), from_pretrained(folder)
    for mine, expected in zip(model.parameters(), plain.parameters(), strict=True):
        assert mine.dtype == dtype
        assert_close(mine, expected.to(dtype), **EXACT)
    assert model.head.weight is model.embedding.token.weight


def test_without_a_dtype_the_weights_stay_as_stored(folder):
    change_weights(folder, lambda t: {name: tensor.bfloat16() for name, tensor in t.items()})
    assert {p.dtype for p in from_pretrained(folder).parameters()} == {torch.bfloat16}


def test_everything_goes_to_the_device(folder):
    model = from_pretrained(folder, device="meta")
    assert all(parameter.is_meta for parameter in model.parameters())
    assert all(not parameter.is_meta for parameter in from_pretrained(folder).parameters())


def test_the_file_may_be_deleted_once_the_model_is_loaded(folder, tokens):
    model = from_pretrained(folder)
    before = model(tokens)
    (folder / "model.safetensors").write_bytes(b"")
    assert_close(model(tokens), before, **EXACT)


def test_one_stored_tensor_is_mapped_at_a_time(folder, monkeypatch):
    alive, most, map_it = [], [], StoredTensor.map

    def watch(stored):
        tensor = map_it(stored)
        alive.append(weakref.ref(tensor))
        most.append(sum(reference() is not None for reference in alive))
        return tensor

    monkeypatch.setattr(StoredTensor, "map", watch)
    from_pretrained(folder)
    assert len(most) == 2 + 12 * 3 + 2
    assert max(most) == 1


def test_a_loaded_model_can_be_trained(folder, tokens):
    model = from_pretrained(folder)
    model(tokens).sum().backward()
    assert all(parameter.grad.isfinite().all() for parameter in model.parameters())
    assert all(parameter.is_leaf and parameter.is_contiguous() for parameter in model.parameters())


def test_dropout_is_that_of_the_config(folder):
    change_config(folder, embd_pdrop=0.25)
    assert from_pretrained(folder).config.dropout == 0.25


def test_a_model_without_memory_has_real_tables(toys):
    model = build({"model_type": "toy", "width": 4, "depth": 1})
    assert model.blocks[0].q_proj.weight.is_meta
    assert_close(model.blocks[0].table, torch.arange(4) ** 0.5, **EXACT)


# Joined, stacked, and single weights: a toy model, whose published form is spelled out.


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("prefix", ["", "old."])
def test_joined_transposed_and_stacked_weights_find_their_places(tmp_path, toys, prefix, tied):
    torch.manual_seed(0)
    model = toy.Toy(toy.ToyConfig(dim=4, tie_embeddings=tied))
    save_file(toy.publish(model, prefix), tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text(json.dumps(toy.ToyFamily.write(model.config)))
    loaded = from_pretrained(tmp_path)
    assert (loaded.head.weight is loaded.embedding.weight) == tied
    for (name, mine), (_, expected) in zip(
        loaded.named_parameters(), model.named_parameters(), strict=True
    ):
        assert torch.equal(mine, expected), name


def test_the_dialect_that_comes_closest_is_named(tmp_path, toys):
    model = toy.Toy(toy.ToyConfig(dim=4))
    tensors = toy.publish(model, "old.")
    del tensors["old.layers.1.scale"]
    save_file(tensors, tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text(json.dumps(toy.ToyFamily.write(model.config)))
    with pytest.raises(ValueError, match=r"^the files lack old.layers.1.scale$"):
        from_pretrained(tmp_path)


# Errors: one line each.


def test_a_folder_without_config_is_an_error(tmp_path):
    with pytest.raises(ValueError, match=r"has no config\.json"):
        from_pretrained(tmp_path)


@pytest.mark.parametrize("text", ["", "{", "[1]", "{}", '{"model_type": "gpt5"}'])
def test_a_config_of_no_known_family_is_an_error(folder, text):
    (folder / "config.json").write_text(text)
    with pytest.raises(ValueError, match=r"is not JSON|model_type=.*, expected one of: gpt2"):
        from_pretrained(folder)


@pytest.mark.parametrize("name", ["n_embd", "n_layer", "vocab_size", "layer_norm_epsilon"])
def test_a_missing_field_is_named(folder, name):
    change_config(folder, **{name: "gone"})
    with pytest.raises(ValueError, match=f"config.json lacks the field '{name}'"):
        from_pretrained(folder)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n_head": 5}, "config.json: dim=48 is not a multiple of n_heads=5"),
        ({"activation_function": "relu"}, "activation_function='relu', expected gelu_new or gelu"),
        ({"n_embd": "many"}, "config.json: "),
        ({"n_layer": 2.5}, "config.json: 'float' object cannot be interpreted as an integer"),
    ],
)
def test_a_field_that_we_cannot_follow_is_an_error(folder, changes, message):
    change_config(folder, **changes)
    with pytest.raises(ValueError, match=message):
        from_pretrained(folder)


def test_missing_and_surplus_tensors_are_named(folder):
    def change(tensors):
        tensors["extra"] = tensors.pop("transformer.h.1.ln_1.bias")
        return tensors

    change_weights(folder, change)
    message = r"^the files lack transformer.h.1.ln_1.bias; have too many extra$"
    with pytest.raises(ValueError, match=message):
        from_pretrained(folder)


def test_at_most_ten_missing_tensors_are_named(folder):
    change_config(folder, n_layer=5)
    with pytest.raises(ValueError, match=r"^the files lack (transformer\S+ ?){10}and 14 more$"):
        from_pretrained(folder)


def test_a_tensor_of_another_shape_is_an_error(folder):
    name = "transformer.h.2.attn.c_attn.weight"
    change_weights(folder, lambda t: t | {name: t[name].t()})
    with pytest.raises(ValueError, match=rf"{name} has shape \(144, 48\), expected \(48, 144\)"):
        from_pretrained(folder)


def test_integers_are_no_weights(folder):
    change_weights(folder, lambda t: {name: tensor.to(torch.int8) for name, tensor in t.items()})
    with pytest.raises(ValueError, match=r"of torch.int8, expected"):
        from_pretrained(folder)


def test_a_file_that_is_cut_off_is_an_error(folder):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ValueError, match="cut off"):
        from_pretrained(folder)


@pytest.mark.parametrize("path", ["/no/such/folder", "./nothing", "a/b/c", "../x"])
def test_a_folder_that_does_not_exist_is_not_asked_for_on_the_hub(path):
    with pytest.raises(LookupError, match=f"there is no folder {path}$"):
        from_pretrained(path)


# The hub, with its library in our hands: no test opens a connection.


def test_a_name_is_downloaded_and_only_the_files_that_are_needed(folder, tokens, monkeypatch):
    calls = []
    monkeypatch.setattr(
        huggingface_hub,
        "snapshot_download",
        lambda name, **options: calls.append((name, options)) or str(folder),
    )
    assert isinstance(from_pretrained("someone/gpt2-tiny"), GPT2)
    (name, options), = calls  # fmt: skip
    assert name == "someone/gpt2-tiny"
    from huggingface_hub.utils import filter_repo_objects

    there = ["config.json", "model.safetensors", "model-00001-of-00002.safetensors",
             "model.safetensors.index.json", "tokenizer.json", "tokenizer.model",
             "pytorch_model.bin", "README.md",
             "onnx/model.onnx", "onnx/config.json", "consolidated.safetensors", "64.tflite",
             "original/model.safetensors"]  # fmt: skip
    assert list(filter_repo_objects(there, allow_patterns=options["allow_patterns"])) == there[:6]


def test_what_the_hub_refuses_is_one_line(monkeypatch):
    def refuse(name, **options):
        raise OSError("401 Client Error.\nRepository Not Found for url: …\nPlease make sure …")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", refuse)
    message = r"^there is no folder nobody/nothing, and the hub says: 401 Client Error.$"
    with pytest.raises(LookupError, match=message):
        from_pretrained("nobody/nothing")


def test_without_the_library_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(LookupError, match=r"no folder gpt2; .* pip install huggingface_hub"):
        from_pretrained("gpt2")


def test_a_loaded_model_survives_a_round_trip(folder, tmp_path_factory, tokens):
    model = from_pretrained(folder)
    again = from_pretrained(save_pretrained(model, tmp_path_factory.mktemp("x") / "copy"))
    assert again.config == model.config
    assert_close(again(tokens), model(tokens), **EXACT)


MOE = {
    "model_type": "qwen3_moe", "vocab_size": 97, "max_position_embeddings": 64, "hidden_size": 48,
    "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16,
    "intermediate_size": 80, "rms_norm_eps": 1e-6, "num_experts": 4, "num_experts_per_tok": 2,
    "moe_intermediate_size": 24,
}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"decoder_sparse_step": 0}, "decoder_sparse_step=0, expected at least 1"),
        ({"rope_parameters": [1e6]}, "rope_parameters=[1000000.0], expected an object"),
        (
            {"rope_parameters": {"full_attention": "default"}},
            "rope_parameters='default', expected an object",
        ),
        ({"rope_scaling": {"type": "linear", "factor": 0}}, "factor=0.0, expected"),
        ({"head_dim": 0}, "head_dim=0, expected a whole number of at least 1"),
    ],
)
def test_a_config_that_would_divide_by_zero_or_lacks_an_object_is_one_line(changes, message):
    assert build(MOE)
    with pytest.raises(ValueError, match="^config.json: .*" + re.escape(message)) as error:
        build(MOE | changes)
    assert "\n" not in str(error.value)
