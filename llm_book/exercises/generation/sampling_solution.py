"""Solutions to the exercises of generation/sampling."""

import torch
from torch import Tensor


def sample_min_p(logits: Tensor, min_p: float, generator: torch.Generator | None = None) -> Tensor:
    """Draw one token from each row, among those that are likely enough."""
    probabilities = logits.softmax(-1)
    needed = min_p * probabilities.amax(-1, keepdim=True)
    probabilities = probabilities.masked_fill(probabilities < needed, 0.0)
    return probabilities.multinomial(1, generator=generator).squeeze(-1)


def penalize_repeats(logits: Tensor, tokens: Tensor, penalty: float) -> Tensor:
    """Return logits in which the tokens of the text so far are less likely."""
    seen = logits.gather(-1, tokens)  # (B, T)
    # Equal tokens write equal numbers to the same place, so that repeats do no harm.
    return logits.scatter(-1, tokens, torch.where(seen > 0, seen / penalty, seen * penalty))
