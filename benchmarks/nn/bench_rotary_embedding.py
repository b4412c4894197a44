"""What becomes of rotary positions beyond the length of training, and what turning costs."""

import statistics
import time

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from tqdm import tqdm
from transformers import LlamaConfig
from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding, apply_rotary_pos_emb

from llm_book.data.stories import StoryGrammar
from llm_book.nn.gated_feed_forward import GatedFeedForward
from llm_book.nn.grouped_query_attention import GroupedQueryAttention
from llm_book.nn.rms_norm import RMSNorm
from llm_book.nn.rotary_embedding import (
    RotaryEmbedding,
    linear_scaling,
    llama3_scaling,
    yarn_attention_factor,
    yarn_scaling,
)

HEAD_DIM, DIM, TRAINED, FACTOR = 16, 64, 64, 8
LONG = TRAINED * FACTOR
WAYS = {
    "plain": {},
    "linear": {"scaling": linear_scaling(FACTOR)},
    "llama3": {"scaling": llama3_scaling(FACTOR, TRAINED)},
    "yarn": {
        "scaling": yarn_scaling(FACTOR, TRAINED, fast=8.0),
        "attention_factor": yarn_attention_factor(FACTOR),
    },
}


@pytest.mark.parametrize("length", [1, 64])
def bench_turning(benchmark, length):
    x, rotary = torch.randn(1, length, 4, 32), RotaryEmbedding(32)
    assert benchmark(rotary, x, torch.arange(length)).shape == x.shape


class Small(nn.Module):
    """Two layers that predict the next character."""

    def __init__(self, vocab_size):
        super().__init__()
        rotary, n_heads = RotaryEmbedding(HEAD_DIM), DIM // HEAD_DIM
        self.embedding = nn.Embedding(vocab_size, DIM)
        self.layers = nn.ModuleList(
            nn.ModuleList(
                (
                    RMSNorm(DIM),
                    GroupedQueryAttention(DIM, n_heads, n_heads, rotary=rotary),
                    RMSNorm(DIM),
                    GatedFeedForward(DIM, 3 * DIM),
                )
            )
            for _ in range(2)
        )
        self.head = nn.Sequential(RMSNorm(DIM), nn.Linear(DIM, vocab_size, bias=False))

    def forward(self, tokens):
        x, positions = self.embedding(tokens), torch.arange(tokens.shape[1])
        for attention_norm, attention, norm, feed_forward in self.layers:
            x = x + attention(attention_norm(x), positions)
            x = x + feed_forward(norm(x))
        return self.head(x)


def windows(text, length, n):
    starts = torch.randint(len(text) - length, (n, 1))
    return text[starts + torch.arange(length + 1)]


def losses(model, rows):
    """Return the loss at every position, `(B, T)`."""
    logits = model(rows[:, :-1])
    return F.cross_entropy(logits.transpose(1, 2), rows[:, 1:], reduction="none")


def train(model, text, steps, length, rate):
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, steps)
    for _ in tqdm(range(steps), f"steps of {length}", leave=False, disable=None):
        optimizer.zero_grad()
        losses(model, windows(text, length, 2048 // length)).mean().backward()
        optimizer.step()
        schedule.step()


def use(model, rotary, window=None):
    for _, attention, _, _ in model.layers:
        attention.rotary, attention.window = rotary, window


def long_texts(train_steps=800, more_steps=60, n_rows=64):
    """Train on short texts, then read long ones with each scaling, before and after more steps."""
    torch.manual_seed(0)
    stories = " ".join(StoryGrammar().sample(600, seed=0))
    letters = {letter: i for i, letter in enumerate(sorted(set(stories)))}
    text = torch.tensor([letters[letter] for letter in stories])
    held_out, text = text[: len(text) // 10], text[len(text) // 10 :]
    model = Small(len(letters))
    train(model, text, train_steps, TRAINED, 4e-3)
    rows = windows(held_out, LONG, n_rows)
    trained = {name: tensor.clone() for name, tensor in model.state_dict().items()}

    def by_position():
        with torch.no_grad():
            mean = losses(model, rows).mean(0)
        return mean.unflatten(0, (-1, TRAINED // 4)).mean(1).tolist()

    found = {}
    for name, options in WAYS.items():
        use(model, RotaryEmbedding(HEAD_DIM, **options))
        found[name] = {"at_once": by_position()}
        train(model, text, more_steps, LONG, 1e-3)
        found[name]["after_more_steps"] = by_position()
        model.load_state_dict(trained)
    use(model, RotaryEmbedding(HEAD_DIM), TRAINED)
    found["window"] = {"at_once": by_position()}
    return {
        "trained_length": TRAINED,
        "factor": FACTOR,
        "positions_a_point": TRAINED // 4,
        "train_steps": train_steps,
        "more_steps": more_steps,
        "losses": found,
    }


def seconds(functions, rounds):
    """Median seconds of each function, in turns."""
    times = {name: [] for name in functions}
    for _ in range(rounds):
        for name, function in functions.items():
            start = time.perf_counter()
            function()
            times[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) for name, values in times.items()}


@torch.inference_mode()
def speed(length, rounds=60):
    """Time turning queries and keys, ours and theirs, beside the attention they belong to."""
    torch.manual_seed(0)
    x, positions = torch.randn(1, length, 768), torch.arange(length)
    heads, rotary = torch.randn(1, length, 16, 64), RotaryEmbedding(64)
    plain = GroupedQueryAttention(768, 12, 4)
    config = LlamaConfig(hidden_size=768, num_attention_heads=12, head_dim=64)
    table = LlamaRotaryEmbedding(config)

    def theirs():
        cos, sin = table(heads, positions[None])
        q, k = heads[:, :, :12].transpose(1, 2), heads[:, :, 12:].transpose(1, 2)
        return apply_rotary_pos_emb(q, k, cos, sin)

    functions = {
        "ours": lambda: rotary(heads, positions),
        "transformers": theirs,
        "attention without": lambda: plain(x, positions),
    }
    seconds(functions, 5)
    return {"length": length} | seconds(functions, rounds)


def measure() -> dict:
    """Measure losses beyond the trained length, and the time of turning."""
    return {"long_texts": long_texts(), "speed": [speed(1), speed(512)]}
