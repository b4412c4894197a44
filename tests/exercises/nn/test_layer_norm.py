import torch
from torch import nn
from torch.testing import assert_close

from llm_book.nn.layer_norm import LayerNorm, layer_norm


def test_the_gradient_equals_that_of_autograd(exercise):
    torch.manual_seed(0)
    x, upstream = 3 * torch.randn(2, 4, 6, dtype=torch.float64) + 1, torch.randn(2, 4, 6).double()
    leaf = x.clone().requires_grad_()
    layer_norm(leaf, torch.ones(6), torch.zeros(6), eps=0.1).backward(upstream)
    assert_close(exercise.layer_norm_gradient(x, upstream, eps=0.1), leaf.grad)


def test_the_folded_layer_needs_no_weight_and_bias_of_the_norm(exercise):
    torch.manual_seed(0)
    x, norm, linear = torch.randn(3, 8), LayerNorm(8), nn.Linear(8, 5)
    nn.init.normal_(norm.weight)
    nn.init.normal_(norm.bias)
    expected = linear(norm(x))
    folded = exercise.fold(norm, linear)
    assert_close(folded(nn.functional.layer_norm(x, (8,))), expected, rtol=1e-5, atol=1e-5)
    assert_close(linear(norm(x)), expected, rtol=0, atol=0)
