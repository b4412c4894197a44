"""Exercises of models/gpt2."""

from llm_book.models.gpt2 import GPT2, GPT2Config


def count_by_formula(config: GPT2Config) -> int:
    """Return the number of parameters of a GPT-2 without building one.

    Add up the two embeddings, the blocks, the last norm, and the head where it is untied.
    Which term grows fastest from 124M to 1.5B?
    """
    raise NotImplementedError


def deepen(model: GPT2, n_layers: int) -> GPT2:
    """Return a deeper model that computes the same, ready to be trained further.

    The first blocks are those of `model`, with the same numbers. What must the weights of a
    new block be so that it adds nothing to the stream, and yet receives a gradient?
    """
    raise NotImplementedError
