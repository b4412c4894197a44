"""What the place of a norm does to a small model in training, and to the sizes in its stream."""

from types import MethodType

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from tqdm import tqdm

from llm_book.data.stories import StoryGrammar
from llm_book.models.olmo3 import Olmo3, Olmo3Config

N_LAYERS, LENGTH, ROWS, STEPS = 8, 64, 16, 120
RATES = (1e-3, 1e-2, 3e-2)
PLACES = ("before", "after", "after, no q_norm")


def before(block, x, positions, cache=None):
    """Normalize what a part reads, with the norms that OLMo has for what it returns."""
    x = x + block.attention(block.attention_post_norm(x), positions, cache)
    return x + block.feed_forward(block.feed_forward_post_norm(x))


def make(place, vocab_size, n_layers=N_LAYERS):
    """Return a small OLMo with its norms in another place; the weights start alike."""
    torch.manual_seed(0)
    model = Olmo3(
        Olmo3Config(
            vocab_size=vocab_size, dim=64, n_layers=n_layers, n_heads=4, n_kv_heads=4,
            hidden_dim=176, window=LENGTH, global_layers=tuple(range(n_layers)),
        )
    )  # fmt: skip
    for block in model.blocks:
        if place == "before":
            block.forward = MethodType(before, block)
        elif place == "after, no q_norm":
            block.attention.q_norm = block.attention.k_norm = nn.Identity()
    return model


def windows(text, generator):
    """Draw rows of characters."""
    starts = torch.randint(len(text) - LENGTH, (ROWS, 1), generator=generator)
    return text[starts + torch.arange(LENGTH + 1)]


def sizes(model, rows):
    """Return the root mean square of the stream in front of each block and behind the last."""
    found = []
    with torch.no_grad():
        x = model.embedding(rows)
        for block in model.blocks:
            found.append(x.square().mean().sqrt().item())
            x = block(x, torch.arange(rows.shape[1]))
    return [*found, x.square().mean().sqrt().item()]


def train(place, rate, text, steps=STEPS):
    """Train with a constant rate and no clipping; return the mean of the last 20 losses."""
    model = make(place, int(text.max()) + 1)
    optimizer = torch.optim.AdamW(model.parameters(), rate, weight_decay=0.0)
    generator, losses = torch.Generator().manual_seed(1), []
    for _ in range(steps):
        rows = windows(text, generator)
        loss = F.cross_entropy(model(rows[:, :-1]).flatten(0, 1), rows[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return sum(losses[-20:]) / len(losses[-20:]), sizes(model, rows[:, :-1])


def corpus(n_stories):
    """Return stories as numbers, one a character."""
    text = "\n".join(StoryGrammar("en").sample(n_stories, seed=0))
    letters = {letter: i for i, letter in enumerate(sorted(set(text)))}
    return torch.tensor([letters[letter] for letter in text])


@pytest.mark.parametrize("place", PLACES)
def bench_a_step(benchmark, place):
    text = corpus(20)
    loss, _ = benchmark.pedantic(train, (place, 1e-3, text, 2), rounds=1)
    assert 0 < loss < 10


def measure():
    """Train each place of the norm with each rate."""
    text, runs = corpus(1000), []
    for place in tqdm(PLACES, disable=None):
        for rate in RATES:
            loss, found = train(place, rate, text)
            runs.append({"place": place, "rate": rate, "loss": loss, "sizes": found})
    return {"steps": STEPS, "layers": N_LAYERS, "runs": runs}
