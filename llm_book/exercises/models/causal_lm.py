"""Exercises of models/causal_lm."""

from torch import Tensor

from llm_book.models.causal_lm import CausalLM


def logits_of_every_block(model: CausalLM, tokens: Tensor) -> Tensor:
    """Return what the model would predict if it ended after block 1, 2, …, L.

    Send the stream behind each block through the model's own norm and head. The last entry
    is what the model does predict. From which block on does the prediction stay the same?

    Shapes:
        tokens: `(B, T)`
        returns: `(L, B, T, V)`

    Reference:
        nostalgebraist 2020, interpreting GPT: the logit lens
    """
    raise NotImplementedError


def swap_blocks(model: CausalLM, first: int, second: int) -> None:
    """Exchange two blocks of the model in place.

    How much does the loss rise if neighbors are exchanged, and how much for the first and
    the last block? A stream that every block only adds to forgives more than one expects.
    """
    raise NotImplementedError
