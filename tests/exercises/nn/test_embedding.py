import torch
from torch import nn
from torch.testing import assert_close

V, C = 7, 3


def test_the_gradient_is_that_of_autograd(exercise):
    torch.manual_seed(0)
    embedding = nn.Embedding(V, C)
    tokens, upstream = torch.tensor([[1, 4, 1], [0, 1, 6]]), torch.randn(2, 3, C)
    embedding(tokens).backward(upstream)
    gradient = exercise.embedding_gradient(tokens, upstream, V)
    assert_close(gradient, embedding.weight.grad, rtol=0, atol=1e-6)


def test_a_row_that_was_not_looked_up_learns_nothing(exercise):
    gradient = exercise.embedding_gradient(torch.tensor([[2, 2]]), torch.ones(1, 2, C), V)
    assert gradient.tolist() == [[2.0 * (row == 2)] * C for row in range(V)]


def test_new_rows_are_the_mean_of_those_they_are_like(exercise):
    embedding = nn.Embedding(V, C)
    larger = exercise.add_tokens(embedding, 2, like=[1, 5])
    assert larger.num_embeddings == V + 2
    mean = (embedding.weight[1] + embedding.weight[5]) / 2
    assert_close(larger(torch.tensor([V, V + 1])), mean.expand(2, C))


def test_old_rows_keep_their_values_and_the_old_embedding_stays(exercise):
    embedding = nn.Embedding(V, C)
    before = embedding.weight.detach().clone()
    larger = exercise.add_tokens(embedding, 2, like=[0])
    assert torch.equal(larger.weight[:V], before)
    with torch.no_grad():
        larger.weight.zero_()
    assert torch.equal(embedding.weight, before)


def test_all_rows_of_the_larger_embedding_learn(exercise):
    assert exercise.add_tokens(nn.Embedding(V, C), 2, like=[0]).weight.requires_grad
