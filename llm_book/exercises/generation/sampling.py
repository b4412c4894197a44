"""Exercises of generation/sampling."""

import torch
from torch import Tensor


def sample_min_p(logits: Tensor, min_p: float, generator: torch.Generator | None = None) -> Tensor:
    """Draw one token from each row, among those that are likely enough.

    A token stays if its probability is at least `min_p` times that of the likeliest token.
    Where the model is sure, few stay; where it is not, many.

    Shapes:
        logits: `(B, V)`
        returns: `(B,)`

    Reference:
        Nguyen et al. 2024, https://arxiv.org/abs/2407.01082
    """
    raise NotImplementedError


def penalize_repeats(logits: Tensor, tokens: Tensor, penalty: float) -> Tensor:
    """Return logits in which the tokens of the text so far are less likely.

    The logit of each token that stands in `tokens` is divided by `penalty` if it is
    positive, and multiplied by it if it is negative. Standing there twice changes nothing
    more. Do not change `logits` themselves.

    Shapes:
        logits: `(B, V)`
        tokens: `(B, T)`
        returns: `(B, V)`

    Reference:
        Keskar et al. 2019, https://arxiv.org/abs/1909.05858
    """
    raise NotImplementedError
