"""Solutions to the exercises of generation/generate."""

import torch

from llm_book.models.causal_lm import CausalLM


@torch.no_grad()
def log_probability(model: CausalLM, prompt: list[int], continuation: list[int]) -> float:
    """Return the natural logarithm of the probability of a continuation."""
    tokens = torch.tensor([prompt + continuation])
    log_probs = model(tokens)[0, len(prompt) - 1 : -1].log_softmax(-1)  # (n_new, V)
    return log_probs.gather(-1, torch.tensor(continuation)[:, None]).sum().item()


@torch.no_grad()
def beam_search(model: CausalLM, prompt: list[int], n_new: int, width: int) -> list[int]:
    """Return the likeliest continuation that a beam of some width finds."""
    texts, scores = torch.tensor([prompt]), torch.zeros(1)
    for _ in range(n_new):
        log_probs = model(texts)[:, -1].log_softmax(-1)  # (texts, V)
        everything = (scores[:, None] + log_probs).flatten()
        scores, best = everything.topk(min(width, len(everything)))
        parent, token = best // model.vocab_size, best % model.vocab_size
        texts = torch.cat((texts[parent], token[:, None]), 1)
    return texts[0, len(prompt) :].tolist()
