"""Sampling: from the logits of the next token to one token."""

import torch
from torch import Tensor


def check_sampling(temperature: float, top_k: int | None, top_p: float | None) -> None:
    """Raise ValueError for a temperature, top_k, or top_p that means nothing."""
    if not 0 <= temperature < float("inf"):
        raise ValueError(f"temperature={temperature}, expected a number of at least 0")
    if top_k is not None and top_k < 1:
        raise ValueError(f"top_k={top_k}, expected at least 1")
    if top_p is not None and not 0 < top_p <= 1:
        raise ValueError(f"top_p={top_p}, expected above 0 and at most 1")


def sample(
    logits: Tensor,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Draw one token from each row of logits.

    Args:
        logits: Scores of all tokens; they are not changed.
        temperature: Divides the logits: below 1 sharpens, above 1 flattens, 0 always
            takes the likeliest token.
        top_k: Draw from the `top_k` likeliest tokens only.
        top_p: Draw from the fewest likeliest tokens that have this probability
            together, after temperature and `top_k`. The one that crosses it stays.
        generator: Makes the draws repeatable.

    Shapes:
        logits: `(B, V)`
        returns: `(B,)`, token ids

    Raises:
        ValueError: temperature < 0, top_k < 1, or top_p outside (0, 1].

    Reference:
        top_k: Fan et al. 2018, https://arxiv.org/abs/1805.04833;
        top_p: Holtzman et al. 2019, https://arxiv.org/abs/1904.09751
    """
    check_sampling(temperature, top_k, top_p)
    if temperature < torch.finfo(torch.float32).tiny:  # 0, or as good as 0
        return logits.argmax(-1)
    ids = None
    if top_p == 1:
        top_p = None
    if top_k is not None:
        logits, ids = logits.topk(min(top_k, logits.shape[-1]))  # likeliest first
    elif top_p is not None:
        logits, ids = logits.sort(descending=True)
    logits = logits.float()
    # With the largest logit at 0, no temperature is too small to divide by.
    probabilities = ((logits - logits.amax(-1, keepdim=True)) / temperature).softmax(-1)
    if top_p is not None:
        before = probabilities.cumsum(-1) - probabilities  # of the likelier tokens
        probabilities = probabilities.masked_fill(before >= top_p, 0.0)
    chosen = probabilities.multinomial(1, generator=generator)  # (B, 1)
    return (chosen if ids is None else ids.gather(-1, chosen)).squeeze(-1)
