import torch
from safetensors.torch import save_file

from llm_book.models.gpt2 import GPT2, WEIGHT_NAMES, GPT2Config
from llm_book.pretrained.weights import lay_out


def test_the_bytes_are_those_of_the_tensors(exercise, tmp_path):
    tensors = {"a": torch.ones(3, 5), "b": torch.ones(7, dtype=torch.bfloat16)}
    save_file(tensors, tmp_path / "x.safetensors", metadata={"format": "pt"})
    assert exercise.tensor_bytes(tmp_path / "x.safetensors") == {"a": 60, "b": 14}


def test_the_header_is_enough(exercise, tmp_path):
    path = tmp_path / "x.safetensors"
    save_file({"a": torch.ones(1000)}, path)
    path.write_bytes(path.read_bytes()[:-4000])
    assert exercise.tensor_bytes(path) == {"a": 4000}


def test_the_names_of_gpt2_have_sixteen_patterns(exercise):
    with torch.device("meta"):
        model = GPT2(GPT2Config(dim=8, n_layers=12, n_heads=2))
    names = lay_out(dict(model.named_parameters()), WEIGHT_NAMES)
    found = exercise.summarize(names)
    assert len(found) == 16
    assert list(found)[:3] == ["wte.weight", "wpe.weight", "h.*.ln_1.weight"]
    assert found["wte.weight"] == 1
    assert found["h.*.mlp.c_fc.weight"] == 12


def test_a_number_inside_a_word_stays(exercise):
    names = ["layers.0.experts.11.w2", "layers.1.experts.3.w2", "layers.1.w2"]
    assert exercise.summarize(names) == {"layers.*.experts.*.w2": 2, "layers.*.w2": 1}
