import pytest

from llm_book.models.qwen3 import QWEN3_0_6B, QWEN3_30B_A3B, Qwen3
from llm_book.pretrained.families.qwen3 import Qwen3Family


@pytest.mark.parametrize("config", [QWEN3_0_6B, QWEN3_30B_A3B], ids=["dense", "experts"])
def test_a_config_comes_back_from_what_it_writes(config):
    published = Qwen3Family.write(config)
    assert published["model_type"] == ("qwen3_moe" if config.n_experts else "qwen3")
    assert Qwen3Family.read(published) == config


def test_layers_are_dense_between_the_steps_and_where_they_are_listed():
    published = Qwen3Family.write(QWEN3_30B_A3B) | {"num_hidden_layers": 6}
    published |= {"decoder_sparse_step": 2, "mlp_only_layers": [3]}
    assert Qwen3Family.read(published).dense_layers == (0, 2, 3, 4)


def test_transformers_may_call_the_number_of_experts_local():
    published = Qwen3Family.write(QWEN3_30B_A3B)
    published["num_local_experts"] = published.pop("num_experts")
    assert Qwen3Family.read(published) == QWEN3_30B_A3B


def test_more_active_experts_than_experts_are_refused():
    published = Qwen3Family.write(QWEN3_30B_A3B) | {"num_experts_per_tok": 129}
    config = Qwen3Family.read(published)
    with pytest.raises(ValueError, match="n_active_experts=129, expected 1 to n_experts=128"):
        Qwen3(config)
