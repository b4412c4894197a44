import json

import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torch.testing import assert_close

from llm_book.models.gpt2 import GPT2, WEIGHT_NAMES, GPT2Config
from llm_book.pretrained.weights import lay_out, list_names, read_header, tied_names, weight_files
from tests.pretrained import toy

EXACT = {"rtol": 0, "atol": 0}
DTYPES = [torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.float8_e4m3fn,
          torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool]  # fmt: skip


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "model.safetensors"
    save_file({"a": torch.arange(6.0).view(2, 3), "b": torch.ones(4)}, path)
    return path


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_a_tensor_is_what_the_library_wrote(tmp_path, dtype):
    torch.manual_seed(0)
    tensors = {
        "x": torch.randint(2, (3, 5)).to(dtype),
        "y": torch.randint(2, (7,)).to(dtype),
        "none": torch.empty(0, 4, dtype=dtype),
        "one": torch.tensor(1).to(dtype),
    }
    save_file(tensors, tmp_path / "x.safetensors", metadata={"format": "pt"})
    found = read_header(tmp_path / "x.safetensors")
    assert found.keys() == tensors.keys()
    for name, tensor in tensors.items():
        mapped = found[name].map()
        assert (mapped.dtype, mapped.shape) == (dtype, tensor.shape)
        assert torch.equal(mapped.flatten().view(torch.uint8), tensor.flatten().view(torch.uint8))


def test_a_file_written_by_hand_is_read(tmp_path):
    header = json.dumps({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}).encode()
    numbers = bytes.fromhex("0000803f") + bytes.fromhex("000000c0")  # 1.0 and -2.0
    path = tmp_path / "x.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header + numbers)
    assert read_header(path)["a"].map().tolist() == [1.0, -2.0]


def test_what_is_written_into_a_mapped_tensor_stays_out_of_the_file(file):
    before = file.read_bytes()
    read_header(file)["a"].map().zero_()
    assert file.read_bytes() == before


@pytest.mark.parametrize("kept", [0, 5, 8, 50, -1, -17])
def test_a_file_that_is_cut_off_is_an_error(file, kept):
    file.write_bytes(file.read_bytes()[:kept])
    with pytest.raises(ValueError, match=r"model\.safetensors is cut off after"):
        read_header(file)


@pytest.mark.parametrize(
    "header",
    [
        b"[]",
        b"{not JSON",
        b'{"a": 3}',
        b'{"a": {"dtype": "Q9", "shape": [], "data_offsets": [0]}}',
        b'{"a": {"dtype": "F32", "shape": [3], "data_offsets": [0, 8]}}',
    ],
)
def test_another_header_is_an_error(tmp_path, header):
    path = tmp_path / "x.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header)
    with pytest.raises(ValueError, match="a header that we cannot read"):
        read_header(path)


def test_shards_are_read_as_one(tmp_path):
    for number in "12":
        save_file({f"t{number}": torch.tensor([float(number)])}, tmp_path / f"s{number}")
    index = {"weight_map": {"t1": "s1", "t2": "s2"}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    stored = weight_files(tmp_path)
    assert {name: tensor.map().item() for name, tensor in stored.items()} == {"t1": 1, "t2": 2}


@pytest.mark.parametrize("name", ["gone.safetensors", "../outside.safetensors"])
def test_a_shard_that_is_not_in_the_folder_is_an_error(tmp_path, name):
    save_file({"a": torch.ones(1)}, tmp_path / "outside.safetensors")
    folder = tmp_path / "folder"
    folder.mkdir()
    index = folder / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {"a": name}}))
    with pytest.raises(ValueError, match=f"names {name}, which is not in the folder"):
        weight_files(folder)


@pytest.mark.parametrize("text", ["", "[]", '{"weight_map": 3}'])
def test_a_broken_index_is_an_error(tmp_path, text):
    (tmp_path / "model.safetensors.index.json").write_text(text)
    with pytest.raises(ValueError, match="is not an index of shards"):
        weight_files(tmp_path)


def test_no_pickle_is_opened(tmp_path):
    (tmp_path / "pytorch_model.bin").write_bytes(b"cos\nsystem\n(S'exit'\ntR.")
    with pytest.raises(ValueError, match=r"only pytorch_model\.bin: we run no pickle"):
        weight_files(tmp_path)


def test_gpt2_is_laid_out_as_published():
    with torch.device("meta"):
        model = GPT2(GPT2Config(dim=768, n_layers=12, n_heads=12))
    parameters = dict(model.named_parameters())
    layout = lay_out(parameters, WEIGHT_NAMES)
    shapes = {name: published.shape(parameters) for name, published in layout.items()}
    assert len(shapes) == 2 + 12 * 12 + 2
    assert shapes["wte.weight"] == (50257, 768)
    assert shapes["h.3.attn.c_attn.weight"] == (768, 2304)
    assert shapes["h.3.attn.c_attn.bias"] == (2304,)
    assert shapes["h.11.mlp.c_proj.weight"] == (3072, 768)
    assert tied_names(model, WEIGHT_NAMES) == {"lm_head.weight": "wte.weight"}


def test_marks_say_what_a_published_tensor_is_made_of():
    model = toy.Toy(toy.ToyConfig(dim=4))
    parameters = dict(model.named_parameters())
    layout = lay_out(parameters, toy.WEIGHT_NAMES)
    joined = layout["layers.1.attn.query_key_value.weight"]
    assert joined.parts == [(f"blocks.1.{name}_proj.weight", None) for name in "qkv"]
    assert joined.shape(parameters) == (14, 4)
    assert layout["layers.1.attn.query_key_value.bias"].shape(parameters) == (14,)
    assert layout["layers.0.mlp.gate_up.weight"].shape(parameters) == (4, 14)
    assert layout["layers.0.mlp.experts.2.w1.weight"].shape(parameters) == (5, 4)
    assert layout["layers.0.mlp.experts.2.w2.weight"].parts == [("blocks.0.experts.w2", 2)]
    assert layout["layers.0.mlp.experts.2.w2.weight"].shape(parameters) == (5, 4)
    assert layout["layers.0.scale"].shape(parameters) == (4,)
    assert layout["layers.0.norm"].shape(parameters) == (8,)


def test_pieces_are_views_of_our_parameters():
    parameters = {"up": torch.zeros(2, 3, 4), "gate": torch.zeros(2, 4)}
    layout = lay_out(parameters, {"up": "e.#.w", "gate": "g"})
    layout["e.1.w"].pieces(parameters)[0].fill_(1)
    assert_close(parameters["up"].sum((1, 2)), torch.tensor([0.0, 12.0]), **EXACT)


def test_a_part_that_no_parameter_fills_is_an_error():
    names = {"a": "joined[0]", "b": "joined[2]"}
    model = nn.ModuleDict({"a": nn.Linear(2, 2), "b": nn.Linear(2, 2)})
    with pytest.raises(LookupError, match=r"the parts \[0, 2\] of joined.weight are not 0, 1, 2"):
        lay_out(dict(model.named_parameters()), names)


def test_two_parameters_for_one_place_are_an_error():
    parameters = {"a": torch.zeros(1), "b": torch.zeros(1)}
    with pytest.raises(LookupError, match="a and b are both x"):
        lay_out(parameters, {"a": "x", "b": "x"})


def test_at_most_ten_names_are_listed():
    names = [f"n{i:02}" for i in range(10)]
    assert list_names(reversed(names)) == ", ".join(names)
    assert list_names([*names, "n10", "n11"]) == ", ".join(names) + " and 2 more"
