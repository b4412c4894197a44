"""Solutions to the exercises of models/gpt2."""

import dataclasses

import torch

from llm_book.models.gpt2 import GPT2, GPT2Config


def count_by_formula(config: GPT2Config) -> int:
    """Return the number of parameters of a GPT-2 without building one.

    The blocks grow fastest, with the square of the width times the number of layers.
    """
    dim, hidden = config.dim, config.hidden_dim or 4 * config.dim
    norm = 2 * dim
    attention = 4 * dim * dim + 4 * dim
    feed_forward = 2 * dim * hidden + hidden + dim
    blocks = config.n_layers * (2 * norm + attention + feed_forward)
    head = 0 if config.tie_embeddings else config.vocab_size * dim
    return (config.vocab_size + config.context_length) * dim + blocks + norm + head


def deepen(model: GPT2, n_layers: int) -> GPT2:
    """Return a deeper model that computes the same, ready to be trained further.

    A block adds the results of two projections. With both at 0 it adds nothing, but they
    read numbers that are not 0, so their own gradients are not 0 either.
    """
    deeper = GPT2(dataclasses.replace(model.config, n_layers=n_layers))
    deeper.load_state_dict(model.state_dict(), strict=False)
    with torch.no_grad():
        for name, parameter in deeper.blocks[model.config.n_layers :].named_parameters():
            if "o_proj" in name or "down_proj" in name:
                parameter.zero_()
    return deeper
