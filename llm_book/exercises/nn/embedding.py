"""Exercises of nn/embedding."""

from torch import Tensor, nn


def embedding_gradient(tokens: Tensor, upstream: Tensor, vocab_size: int) -> Tensor:
    """Return the gradient of the embedding's weight, without autograd.

    A lookup copies row `tokens[b, t]` to place `(b, t)`. What flows back to a row that was
    looked up twice, and to one that was never looked up? One matrix product will do.

    Shapes:
        tokens: `(B, T)`
        upstream: `(B, T, C)`, the gradient of the loss with respect to the vectors
        returns: `(vocab_size, C)`
    """
    raise NotImplementedError


def add_tokens(embedding: nn.Embedding, n_new: int, like: list[int]) -> nn.Embedding:
    """Return a new embedding with `n_new` more rows, each the mean of the rows `like`.

    A new word often means something like known ones: the name of a new city starts better
    from the mean of other cities than from the mean of all words. The old rows keep their
    values, and the given embedding stays as it is.
    """
    raise NotImplementedError
