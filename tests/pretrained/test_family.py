import pytest
import transformers

from llm_book.models.gpt2 import GPT2, GPT2Config
from llm_book.pretrained.family import FAMILIES, family_of, find_family, read_rope
from tests.pretrained.toy import Toy, ToyConfig, ToyFamily


@pytest.mark.parametrize("model_type", FAMILIES)
def test_every_type_has_a_family_with_a_model_and_names(model_type):
    family = find_family(model_type)
    assert family.weight_names[0]["head"] == "lm_head"
    assert family.config.__name__ == f"{family.model.__name__}Config"


def test_a_family_reads_what_is_there_and_what_is_meant_without_it():
    assert ToyFamily.read({"width": 3, "depth": 5}) == ToyConfig(dim=3, n_layers=5)
    assert not ToyFamily.read({"width": 3, "depth": 5, "tied": False}).tie_embeddings


def test_a_family_writes_what_it_reads():
    config = ToyConfig(dim=3, n_layers=5, tie_embeddings=False)
    assert ToyFamily.write(config) == {
        "model_type": "toy", "width": 3, "depth": 5, "tied": False
    }  # fmt: skip


def test_a_missing_size_is_named():
    with pytest.raises(KeyError, match="depth"):
        ToyFamily.read({"width": 3})


def test_a_model_finds_its_family_and_so_does_a_subclass():
    class MyGPT2(GPT2):
        pass

    config = GPT2Config(vocab_size=5, context_length=4, dim=2, n_layers=1, n_heads=1)
    assert [family_of(model(config)).model for model in (GPT2, MyGPT2)] == [GPT2, GPT2]


def test_a_model_of_no_family_is_an_error():
    with pytest.raises(ValueError, match="Toy is of no family that we can write"):
        family_of(Toy(ToyConfig(dim=2)))


# Rotary fields, in both dialects: transformers turns those of the hub into its own.

LLAMA3 = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
          "original_max_position_embeddings": 64}  # fmt: skip
YARN = {"rope_type": "yarn", "factor": 8.0, "original_max_position_embeddings": 64,
        "attention_factor": 1.2, "beta_fast": 32.0, "beta_slow": 1.0}  # fmt: skip


@pytest.mark.parametrize(
    ("family", "hub", "layer_type"),
    [
        ("Llama", {"rope_theta": 5e5, "rope_scaling": LLAMA3}, None),
        ("Llama", {"rope_theta": 5e5, "rope_scaling": None}, None),
        ("Llama", {"rope_theta": 5e5, "rope_scaling": {"type": "linear", "factor": 4.0}}, None),
        ("Qwen3", {"rope_theta": 1e6, "rope_scaling": YARN}, None),
        ("Glm", {"rope_theta": 1e4, "partial_rotary_factor": 0.5}, None),
        ("Olmo3", {"rope_theta": 5e5, "rope_scaling": YARN}, "full_attention"),
        ("Olmo3", {"rope_theta": 5e5, "rope_scaling": YARN}, "sliding_attention"),
        (
            "Gemma3Text",
            {"rope_theta": 1e6, "rope_local_base_freq": 1e4, "rope_scaling": None},
            "sliding_attention",
        ),
        (
            "Gemma3Text",
            {"rope_theta": 1e6, "rope_local_base_freq": 1e4, "rope_scaling": None},
            "full_attention",
        ),
    ],
)
def test_both_dialects_of_rotary_fields_mean_the_same(family, hub, layer_type):
    theirs = getattr(transformers, f"{family}Config").from_dict(dict(hub)).to_dict()
    assert "rope_parameters" in theirs
    read = read_rope(theirs, layer_type)
    assert read == read_rope(hub, layer_type)
    assert {"rope_theta", "rope_type"} <= read.keys()


def test_files_of_2023_leave_the_base_out():
    assert read_rope({}) == {"rope_theta": 10_000.0, "rope_type": "default"}
