"""Embeddings: token ids and positions become vectors."""

import torch
from torch import Tensor, nn


class TokenPositionEmbedding(nn.Module):
    """Add a learned vector for the token and one for its position.

    A position below 0 marks padding: it looks up row 0, and what comes out of it is
    never attended to. Ids and positions are checked before the lookup, because on a
    GPU a wrong index stops the whole process instead of raising; inside `torch.compile`
    and on the meta device, where there are no values to look at, they are not.

    Args:
        vocab_size: Number of token ids V.
        context_length: Number of positions.
        dim: Width C of both vectors.

    Attributes:
        token: One row a token id, `(V, C)`.
        position: One row a position, `(context_length, C)`.

    Shapes:
        tokens: `(B, T)`, integers in `[0, vocab_size)`
        positions: `(T,)` or `(B, T)`, integers below `context_length`
        returns: `(B, T, C)`

    Raises:
        ValueError: A size is below 1, the shapes do not fit each other, or an id or a
            position is out of range.

    Reference:
        Radford et al. 2018, Improving Language Understanding by Generative
        Pre-Training: learned positions instead of sines.
    """

    def __init__(self, vocab_size: int, context_length: int, dim: int) -> None:
        super().__init__()
        if min(vocab_size, context_length, dim) < 1:
            raise ValueError(
                "sizes must be at least 1, got "
                f"vocab_size={vocab_size}, context_length={context_length}, dim={dim}"
            )
        self.token = nn.Embedding(vocab_size, dim)
        self.position = nn.Embedding(context_length, dim)

    def forward(self, tokens: Tensor, positions: Tensor) -> Tensor:
        """Look up both vectors and add them."""
        if positions.shape not in (tokens.shape, tokens.shape[-1:]):
            raise ValueError(
                f"positions have shape {tuple(positions.shape)}, expected (T,) or (B, T) "
                f"of tokens with shape {tuple(tokens.shape)}"
            )
        _check_range("token id", tokens, self.token.num_embeddings, lowest=0)
        _check_range("position", positions, self.position.num_embeddings)
        return self.token(tokens) + self.position(positions.clamp(min=0))  # (B, T, C)


def resize_embedding(
    embedding: nn.Embedding, vocab_size: int, *, head: nn.Linear | None = None
) -> None:
    """Change the number of tokens in place and keep every old row as it was.

    A new row is the mean of the old ones: its logit is then the mean of the old logits,
    so that it cannot win at once. A row of zeros or of small random numbers has a logit
    near 0, which is the largest of all where the old ones are negative. A head tied to
    the embedding stays tied. An optimizer made before holds the old parameters: make a
    new one. A smaller `vocab_size` cuts rows off the end.

    Args:
        embedding: The token embedding.
        vocab_size: The number of rows to have afterwards.
        head: The projection to logits that goes with it.

    Shapes:
        embedding.weight: `(V, C)` before, `(vocab_size, C)` after
        head.weight: the same

    Raises:
        ValueError: `vocab_size` is below 1, or the head has another number of tokens.

    Reference:
        Hewitt 2021, Initializing New Word Embeddings for Pretrained Language Models,
        https://nlp.stanford.edu/~johnhew/vocab-expansion.html
    """
    old_size = embedding.num_embeddings
    if vocab_size < 1:
        raise ValueError(f"vocab_size={vocab_size}, expected at least 1")
    if head is not None and head.out_features != old_size:
        raise ValueError(f"the head has {head.out_features} tokens, the embedding has {old_size}")
    tied = head is not None and head.weight is embedding.weight
    embedding.weight = _resize_rows(embedding.weight, vocab_size)
    embedding.num_embeddings = vocab_size
    if head is not None:
        head.weight = embedding.weight if tied else _resize_rows(head.weight, vocab_size)
        head.bias = None if head.bias is None else _resize_rows(head.bias, vocab_size)
        head.out_features = vocab_size


def _resize_rows(rows: Tensor, size: int) -> nn.Parameter:
    """Return the first `size` rows, followed by their mean where they are too few."""
    mean = rows.detach().mean(0, keepdim=True)
    new = mean.expand(max(0, size - len(rows)), *rows.shape[1:])
    return nn.Parameter(torch.cat((rows.detach()[:size], new)), requires_grad=rows.requires_grad)


def _check_range(name: str, indices: Tensor, size: int, lowest: int | None = None) -> None:
    """Raise ValueError if an index is below `lowest`, or not below `size`."""
    if indices.dtype not in (torch.int32, torch.int64):
        raise ValueError(f"{name} is {indices.dtype}, expected torch.int64 (or int32)")
    if indices.is_meta or torch.compiler.is_compiling() or indices.numel() == 0:
        return
    low, high = torch.stack(indices.aminmax()).tolist()  # one wait for the device, not two
    if high >= size or (lowest is not None and low < lowest):
        wrong = high if high >= size else low
        raise ValueError(f"{name} {wrong} is out of range: there are {size}, from 0 to {size - 1}")
