"""Exercises of generation/generate."""

from llm_book.models.causal_lm import CausalLM


def log_probability(model: CausalLM, prompt: list[int], continuation: list[int]) -> float:
    """Return the natural logarithm of the probability of a continuation.

    One call of the model is enough: the logits of a token say what follows it.
    """
    raise NotImplementedError


def beam_search(model: CausalLM, prompt: list[int], n_new: int, width: int) -> list[int]:
    """Return the likeliest continuation that a beam of some width finds.

    Begin with the prompt. In each step, continue every kept text by every token, and keep
    the `width` likeliest of these. With a width of 1 this is greedy; with enough width it
    finds the likeliest continuation of all. A cache is not asked for.
    """
    raise NotImplementedError
