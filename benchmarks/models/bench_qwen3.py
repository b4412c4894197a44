"""What norms of queries and keys do to training: one model with and without, at rising rates."""

import pytest
import torch
from torch import nn
from tqdm import tqdm

from llm_book.data.stories import StoryGrammar
from llm_book.models.causal_lm import CausalLM
from llm_book.models.qwen3 import Qwen3, Qwen3Config
from llm_book.nn.grouped_query_attention import GroupedQueryAttention
from llm_book.tokenizers.bpe import train_bpe
from llm_book.training.loss import next_token_loss

CONFIG = Qwen3Config(
    vocab_size=512, context_length=64, dim=64, n_layers=3, n_heads=4, n_kv_heads=2, head_dim=32,
    hidden_dim=176, tie_embeddings=True,
)  # fmt: skip
RATES = (0.001, 0.003, 0.01, 0.03, 0.1)
WARMUP = 20


def build(normalized: bool, seed: int = 0) -> Qwen3:
    """Return a new model, with or without the norms of queries and keys."""
    torch.manual_seed(seed)
    model = Qwen3(CONFIG)
    for block in model.blocks:
        if not normalized:
            block.attention.q_norm = block.attention.k_norm = nn.Identity()
    return model


@torch.no_grad()
def largest_score(model: CausalLM, tokens: torch.Tensor) -> float:
    """Return the largest size of a score, before the softmax, in any layer."""
    found = []

    def look(attention: GroupedQueryAttention, inputs: tuple) -> None:
        x, positions = inputs[:2]
        queries = attention.q_norm(attention.q_proj(x).unflatten(-1, attention.q_shape))
        keys = attention.k_norm(attention.k_proj(x).unflatten(-1, attention.kv_shape))
        queries, keys = (attention.rotary(part, positions) for part in (queries, keys))
        keys = keys.repeat_interleave(attention.q_shape[0] // attention.kv_shape[0], 2)
        scores = torch.einsum("bthd,bshd->bhts", queries, keys) * attention.scale
        found.append(scores.tril().abs().max().item())

    hooks = [block.attention.register_forward_pre_hook(look) for block in model.blocks]
    try:
        model(tokens)
    finally:
        for hook in hooks:
            hook.remove()
    return max(found)


@pytest.mark.parametrize("normalized", [True, False], ids=["with norms", "without"])
def bench_largest_score(benchmark, normalized):
    model, tokens = build(normalized), torch.randint(CONFIG.vocab_size, (2, 16))
    assert benchmark(largest_score, model, tokens) > 0


def learn(model: CausalLM, text: torch.Tensor, held_out: torch.Tensor, rate: float, steps: int):
    """Train at a constant rate after a short warm-up; return the loss and the largest scores."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate, betas=(0.9, 0.95), weight_decay=0)
    draws = torch.Generator().manual_seed(0)
    scores = []
    for step in range(steps + 1):
        if step % 25 == 0:
            scores.append([step, largest_score(model, held_out[:, :-1])])
        starts = torch.randint(len(text) - CONFIG.context_length, (8, 1), generator=draws)
        batch = text[starts + torch.arange(CONFIG.context_length + 1)]
        for group in optimizer.param_groups:
            group["lr"] = rate * min(1, (step + 1) / WARMUP)
        optimizer.zero_grad()
        next_token_loss(model(batch[:, :-1]), batch[:, 1:]).backward()
        optimizer.step()
    with torch.no_grad():
        loss = next_token_loss(model(held_out[:, :-1]), held_out[:, 1:]).item()
    return {"loss": loss, "scores": scores}


def measure(steps: int = 300, seeds: int = 2) -> dict:
    """Train both at every rate, some two minutes on one core."""
    torch.set_num_threads(1)
    grammar = StoryGrammar("en")
    tokenizer = train_bpe(grammar.sample(500), CONFIG.vocab_size)
    text, other = (
        torch.tensor(tokenizer.encode("\n".join(grammar.sample(n, seed=seed))))
        for n, seed in ((1500, 1), (200, 2))
    )
    length = CONFIG.context_length + 1
    held_out = other[: 32 * length].view(32, length)
    report: dict = {"steps": steps, "batch_size": 8, "tokens": CONFIG.context_length, "runs": {}}
    runs = [(name, rate) for rate in RATES for name in ("with norms", "without")]
    for name, rate in tqdm(runs, "runs", disable=None):
        entries = report["runs"].setdefault(name, {})
        entries[str(rate)] = [
            learn(build(name == "with norms", seed), text, held_out, rate, steps)
            for seed in range(seeds)
        ]
    return report
