"""Solutions to the exercises of models/causal_lm."""

import torch
from torch import Tensor

from llm_book.models.causal_lm import CausalLM


def logits_of_every_block(model: CausalLM, tokens: Tensor) -> Tensor:
    """Return what the model would predict if it ended after block 1, 2, …, L."""
    positions = torch.arange(tokens.shape[1], device=tokens.device)
    x = model.embed(tokens, positions)
    logits = []
    for block in model.blocks:
        x = block(x, positions)
        logits.append(model.head(model.norm(x)))
    return torch.stack(logits)


def swap_blocks(model: CausalLM, first: int, second: int) -> None:
    """Exchange two blocks of the model in place."""
    blocks = model.blocks
    blocks[first], blocks[second] = blocks[second], blocks[first]
