import torch
from torch.testing import assert_close

from llm_book.nn.rms_norm import rms_norm


def test_pieces_give_what_the_whole_gives(exercise):
    torch.manual_seed(0)
    x, weight = torch.randn(2, 5, 12), torch.randn(12)
    sizes = [3, 1, 8]
    out = exercise.rms_norm_in_pieces(list(x.split(sizes, -1)), list(weight.split(sizes)), 0.1)
    assert [piece.shape[-1] for piece in out] == sizes
    assert_close(torch.cat(out, -1), rms_norm(x, weight, 0.1))


def test_the_gradient_equals_that_of_autograd(exercise):
    torch.manual_seed(0)
    x, upstream = 3 * torch.randn(2, 4, 6, dtype=torch.float64) + 1, torch.randn(2, 4, 6).double()
    leaf = x.clone().requires_grad_()
    rms_norm(leaf, torch.ones(6), eps=0.1).backward(upstream)
    assert_close(exercise.rms_norm_gradient(x, upstream, eps=0.1), leaf.grad)
