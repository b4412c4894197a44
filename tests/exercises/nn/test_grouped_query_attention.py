import pytest
import torch
from torch.nn import functional as F
from torch.testing import assert_close
from torch.utils._python_dispatch import TorchDispatchMode

from llm_book.nn.grouped_query_attention import GroupedQueryAttention

H, D, C = 6, 4, 24


class Largest(TorchDispatchMode):
    """Remember the size of the largest new tensor; a view has the memory of an argument."""

    def __init__(self):
        super().__init__()
        self.size = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        old = {a.untyped_storage().data_ptr() for a in args if isinstance(a, torch.Tensor)}
        if isinstance(result, torch.Tensor) and result.untyped_storage().data_ptr() not in old:
            self.size = max(self.size, result.numel())
        return result


def test_the_mean_of_neighbors_by_hand(exercise):
    weight = torch.tensor([[1.0], [3.0], [10.0], [20.0]])  # four heads of width 1
    assert exercise.average_heads(weight, 4, 2).tolist() == [[2.0], [15.0]]


def test_a_head_of_several_rows_is_averaged_row_by_row(exercise):
    weight = torch.tensor([[1.0], [2.0], [3.0], [6.0]])  # two heads of width 2
    assert exercise.average_heads(weight, 2, 1).tolist() == [[2.0], [4.0]]


@pytest.mark.parametrize("n_kv_heads", [1, 2, 3, 6])
def test_heads_that_were_equal_lose_nothing(exercise, n_kv_heads):
    torch.manual_seed(0)
    x, positions = torch.randn(2, 5, C), torch.arange(5)
    many, few = GroupedQueryAttention(C, H, H), GroupedQueryAttention(C, H, n_kv_heads)
    for name in ("k_proj", "v_proj"):
        single = torch.randn(n_kv_heads, 1, D, C)
        shared = single.expand(-1, H // n_kv_heads, -1, -1).flatten(0, 2)
        many.get_submodule(name).weight.data = shared
        few.get_submodule(name).weight.data = exercise.average_heads(shared, H, n_kv_heads)
    for name in ("q_proj", "o_proj"):
        few.get_submodule(name).load_state_dict(many.get_submodule(name).state_dict())
    assert_close(few(x, positions), many(x, positions), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("n_kv_heads", [1, 2, 6])
def test_one_token_attends_as_pytorch_says(exercise, n_kv_heads):
    torch.manual_seed(0)
    queries = torch.randn(3, H, D)
    keys, values = torch.randn(2, 3, 50, n_kv_heads, D)
    expected = F.scaled_dot_product_attention(
        queries[:, :, None], keys.transpose(1, 2), values.transpose(1, 2), enable_gqa=True
    )
    result = exercise.attend_one_token(queries, keys, values)
    assert_close(result, expected.squeeze(2), rtol=1e-4, atol=1e-5)


def test_nothing_as_large_as_the_keys_is_made(exercise):
    # Keys as a cache holds them: the tokens of a head lie together.
    memory = torch.randn(2, 1, 2, 500, 16)
    keys, values = memory.movedim(3, 2)
    with Largest() as largest:
        exercise.attend_one_token(torch.randn(1, 4, 16), keys, values)
    assert largest.size < keys.numel()
