import pytest
import torch
from torch import nn
from torch.testing import assert_close

from llm_book.nn.embedding import TokenPositionEmbedding, resize_embedding

V, N, C = 11, 6, 4  # vocabulary, context length, width


@pytest.fixture
def embedding():
    torch.manual_seed(0)
    return TokenPositionEmbedding(V, N, C)


def test_the_sum_worked_by_hand():
    embedding = TokenPositionEmbedding(3, 2, 2)
    embedding.token.weight.data = torch.tensor([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]])
    embedding.position.weight.data = torch.tensor([[10.0, 20.0], [30.0, 40.0]])
    out = embedding(torch.tensor([[2, 2]]), torch.tensor([0, 1]))
    assert out.tolist() == [[[14.0, 25.0], [34.0, 45.0]]]


def test_a_lookup_is_a_product_with_one_hot_rows(embedding):
    tokens = torch.tensor([[3, 0, 3], [10, 1, 2]])
    one_hot = nn.functional.one_hot(tokens, V).float()
    looked_up = embedding(tokens, torch.arange(3)) - embedding.position.weight[:3]
    assert_close(looked_up, one_hot @ embedding.token.weight, rtol=0, atol=1e-6)


def test_the_gradient_of_a_lookup_is_that_of_the_one_hot_product(embedding):
    tokens, upstream = torch.tensor([[3, 0, 3]]), torch.randn(1, 3, C)
    embedding(tokens, torch.arange(3)).backward(upstream)
    by_hand = torch.zeros(V, C)
    by_hand[0], by_hand[3] = upstream[0, 1], upstream[0, 0] + upstream[0, 2]  # 3 stands twice
    assert_close(embedding.token.weight.grad, by_hand)
    weight = embedding.token.weight.detach().clone().requires_grad_()
    (nn.functional.one_hot(tokens, V).float() @ weight).backward(upstream)
    assert_close(embedding.token.weight.grad, weight.grad)


def test_positions_of_one_row_serve_the_whole_batch(embedding):
    tokens, positions = torch.randint(V, (2, N)), torch.arange(N)
    assert_close(embedding(tokens, positions), embedding(tokens, positions.expand(2, N)))


def test_each_row_of_a_batch_may_have_its_own_positions(embedding):
    tokens = torch.randint(V, (2, 3))
    positions = torch.tensor([[0, 1, 2], [3, 4, 5]])
    out = embedding(tokens, positions)
    for row in range(2):
        assert_close(out[row : row + 1], embedding(tokens[row : row + 1], positions[row]))


def test_a_chunk_gives_the_same_rows_as_the_whole(embedding):
    tokens = torch.randint(V, (2, N))
    whole = embedding(tokens, torch.arange(N))
    assert_close(embedding(tokens[:, 4:], torch.arange(4, N)), whole[:, 4:])


def test_negative_positions_look_up_row_zero(embedding):
    tokens = torch.tensor([[7, 7, 7]])
    out = embedding(tokens, torch.tensor([[-2, -1, 0]]))
    assert out.isfinite().all()
    assert_close(out[0, 0], out[0, 2])
    assert_close(out[0, 1], out[0, 2])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_the_dtype_of_the_weights_is_kept(embedding, dtype):
    assert embedding.to(dtype)(torch.zeros(1, 2, dtype=torch.long), torch.arange(2)).dtype == dtype


@pytest.mark.parametrize("dtype", [torch.int32, torch.int64])
def test_int32_and_int64_ids_are_taken(embedding, dtype):
    assert embedding(torch.zeros(2, 3, dtype=dtype), torch.arange(3)).shape == (2, 3, C)


def test_zero_tokens_give_zero_vectors(embedding):
    assert embedding(torch.zeros(2, 0, dtype=torch.long), torch.arange(0)).shape == (2, 0, C)


def test_it_compiles_into_one_graph(embedding):
    compiled = torch.compile(embedding, fullgraph=True, backend="eager")
    tokens = torch.randint(V, (2, N))
    assert_close(compiled(tokens, torch.arange(N)), embedding(tokens, torch.arange(N)))


def test_it_runs_on_the_meta_device(embedding):
    tokens = torch.zeros(2, 3, dtype=torch.long, device="meta")
    assert embedding.to("meta")(tokens, torch.arange(3, device="meta")).shape == (2, 3, C)


@pytest.mark.parametrize("wrong", [-1, V, V + 100])
def test_an_id_outside_the_vocabulary_is_named(embedding, wrong):
    with pytest.raises(ValueError, match=f"token id {wrong} .* from 0 to {V - 1}"):
        embedding(torch.tensor([[1, wrong]]), torch.arange(2))


def test_a_position_past_the_context_is_named(embedding):
    with pytest.raises(ValueError, match=f"position {N} .* from 0 to {N - 1}"):
        embedding(torch.zeros(1, 2, dtype=torch.long), torch.tensor([N - 1, N]))


@pytest.mark.parametrize("shape", [(1,), (4,), (1, 3), (3, 2), ()])
def test_positions_of_another_shape_are_refused(embedding, shape):
    with pytest.raises(ValueError, match=r"expected \(T,\) or \(B, T\)"):
        embedding(torch.zeros(2, 3, dtype=torch.long), torch.zeros(shape, dtype=torch.long))


@pytest.mark.parametrize("dtype", [torch.uint16, torch.float32, torch.bool])
def test_ids_that_cannot_index_are_refused(embedding, dtype):
    with pytest.raises(ValueError, match=r"expected torch\.int64"):
        embedding(torch.zeros(1, 2, dtype=dtype), torch.arange(2))


@pytest.mark.parametrize("sizes", [(0, 1, 1), (1, 0, 1), (1, 1, -3)])
def test_sizes_below_one_are_refused(sizes):
    with pytest.raises(ValueError, match="at least 1"):
        TokenPositionEmbedding(*sizes)


def tiny_model(tied, bias=False):
    torch.manual_seed(1)
    embedding, head = nn.Embedding(V, C), nn.Linear(C, V, bias=bias)
    if tied:
        head.weight = embedding.weight
    return embedding, head


@pytest.mark.parametrize("size", [V + 3, V, V - 2])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("tied", [True, False])
def test_resizing_leaves_the_logits_of_old_tokens_unchanged(tied, bias, size):
    embedding, head = tiny_model(tied, bias)
    tokens, kept = torch.arange(V - 2), min(V, size)
    before = head(embedding(tokens))
    resize_embedding(embedding, size, head=head)
    after = head(embedding(tokens))
    assert after.shape == (V - 2, size)
    assert_close(after[:, :kept], before[:, :kept], rtol=0, atol=1e-6)


@pytest.mark.parametrize("bias", [True, False])
def test_the_logit_of_a_new_token_is_the_mean_of_the_old(bias):
    embedding, head = tiny_model(tied=False, bias=bias)
    before = head(embedding(torch.arange(V)))
    resize_embedding(embedding, V + 2, head=head)
    after = head(embedding(torch.arange(V)))
    assert_close(after[:, V:], before.mean(1, keepdim=True).expand(V, 2))


def test_old_rows_are_bit_for_bit_the_same():
    embedding, head = tiny_model(tied=False)
    rows, head_rows = embedding.weight.detach().clone(), head.weight.detach().clone()
    resize_embedding(embedding, V + 5, head=head)
    assert torch.equal(embedding.weight[:V], rows)
    assert torch.equal(head.weight[:V], head_rows)


@pytest.mark.parametrize("tied", [True, False])
def test_a_tied_head_stays_tied_and_an_untied_one_untied(tied):
    embedding, head = tiny_model(tied)
    resize_embedding(embedding, V + 1, head=head)
    assert (head.weight is embedding.weight) == tied


def test_all_rows_still_learn_after_resizing():
    embedding, head = tiny_model(tied=False, bias=True)
    resize_embedding(embedding, V + 1, head=head)
    head(embedding(torch.arange(V + 1))).square().sum().backward()
    for parameter in (embedding.weight, head.weight, head.bias):
        rows = parameter.grad.reshape(V + 1, -1)
        assert rows.abs().sum(1).min() > 0


def test_a_frozen_embedding_stays_frozen():
    embedding = nn.Embedding(V, C).requires_grad_(False)
    resize_embedding(embedding, V + 1)
    assert not embedding.weight.requires_grad


def test_a_resized_embedding_accepts_its_new_ids(embedding):
    resize_embedding(embedding.token, V + 1)
    assert embedding(torch.tensor([[V]]), torch.tensor([0])).isfinite().all()


def test_a_head_of_another_vocabulary_is_refused():
    with pytest.raises(ValueError, match=rf"head has {V + 1} tokens, the embedding has {V}"):
        resize_embedding(nn.Embedding(V, C), V + 2, head=nn.Linear(C, V + 1))


def test_a_vocabulary_of_nothing_is_refused():
    with pytest.raises(ValueError, match="vocab_size=0"):
        resize_embedding(nn.Embedding(V, C), 0)
