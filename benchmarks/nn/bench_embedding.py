"""What a lookup saves over a product with one-hot rows, and what rows look like after training."""

import time

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from tqdm import tqdm

from llm_book.data.stories import StoryGrammar
from llm_book.tokenizers.bpe import train_bpe

TOKENS, DIM = 1024, 768  # one window of GPT-2, and its width
VOCABULARIES = (1_000, 4_000, 16_000, 50_257)
SHOWN = {
    "en": (
        " Finn| Wren| Oscar| Clara",
        " three| four| seven| nine",
        " silver| red| green| yellow",
        " uncle| aunt| mother| father",
        " apples| shells| plums| daisies",
        " he| she",
    ),
    "zh": (
        "阿福|春燕|冬生|小雨",
        "三|四|五|七",
        "天蓝|鹅黄|大红|草绿",
        "爸爸|妈妈|爷爷|奶奶",
        "颗红枣|根芦苇|个莲蓬|枚银杏果",
        "他|她",
    ),
}


def lookup(ids: Tensor, weight: Tensor) -> Tensor:
    """Copy rows."""
    return F.embedding(ids, weight)


def one_hot_product(ids: Tensor, weight: Tensor) -> Tensor:
    """Multiply by rows that are 0 but for a single 1."""
    return F.one_hot(ids, len(weight)).to(weight.dtype) @ weight


WAYS = {"lookup": lookup, "one_hot": one_hot_product}


def sample(vocab_size: int, n_tokens: int, dim: int) -> tuple[Tensor, Tensor]:
    """Return random ids and a random table."""
    generator = torch.Generator().manual_seed(0)
    weight = torch.randn(vocab_size, dim, generator=generator).requires_grad_()
    return torch.randint(vocab_size, (n_tokens,), generator=generator), weight


def bench_lookup(benchmark):
    ids, weight = sample(1000, 64, 32)
    assert benchmark(lookup, ids, weight).shape == (64, 32)


def bench_one_hot_product(benchmark):
    ids, weight = sample(1000, 64, 32)
    torch.testing.assert_close(benchmark(one_hot_product, ids, weight), lookup(ids, weight))


def forward(way, ids: Tensor, weight: Tensor) -> None:
    """Fetch the rows."""
    with torch.no_grad():
        way(ids, weight)


def gradient(way, ids: Tensor, weight: Tensor) -> None:
    """Fetch the rows, and find the gradient of the table."""
    rows = way(ids, weight)
    torch.autograd.grad(rows, weight, torch.ones_like(rows))


def measure_speed(rounds: int = 15) -> list[dict]:
    """Time both ways for several vocabularies, forward alone and with the gradient.

    The fastest round counts: what else runs on the machine can only make one slower.
    """
    samples = {vocab_size: sample(vocab_size, TOKENS, DIM) for vocab_size in VOCABULARIES}
    fastest = [{"vocab_size": vocab_size} for vocab_size in VOCABULARIES]
    for _ in tqdm(range(rounds), unit="round", disable=None):
        for entry in fastest:
            for name, way in WAYS.items():
                for work in (forward, gradient):
                    what = f"{name}_{work.__name__}"
                    start = time.perf_counter()
                    work(way, *samples[entry["vocab_size"]])
                    spent = time.perf_counter() - start
                    entry[what] = min(entry.get(what, spent), spent)
    return fastest


def count_pairs(ids: Tensor, vocab_size: int) -> Tensor:
    """Return how often each token is followed by each, as a share of all."""
    pairs = ids[:-1] * vocab_size + ids[1:]
    return torch.bincount(pairs, minlength=vocab_size**2).view(vocab_size, -1) / len(pairs)


def measure_likeness(language: str, vocab_size: int = 1500, steps: int = 300) -> dict:
    """Train rows to predict the next token, and compare the directions of some of them."""
    stories = list(StoryGrammar(language).sample(2000, 0))
    tokenizer = train_bpe(stories, vocab_size)
    counts = count_pairs(torch.tensor(tokenizer.encode("\n".join(stories))), vocab_size)
    groups = [group.split("|") for group in SHOWN[language]]
    shown = torch.tensor([tokenizer.encode(token) for group in groups for token in group])[:, 0]

    torch.manual_seed(0)
    embedding, head = nn.Embedding(vocab_size, 16), nn.Linear(16, vocab_size)
    optimizer = torch.optim.Adam([*embedding.parameters(), *head.parameters()], lr=0.05)

    def cosines() -> list[list[float]]:
        rows = F.normalize(embedding.weight.detach()[shown], dim=-1)
        return [[round(value, 3) for value in row] for row in (rows @ rows.T).tolist()]

    before = cosines()
    for _ in tqdm(range(steps), unit="step", disable=None):
        loss = -(counts * head(embedding.weight).log_softmax(-1)).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return {
        "stories": len(stories),
        "vocab_size": vocab_size,
        "dim": 16,
        "groups": groups,
        "before": before,
        "after": cosines(),
    }


def measure() -> dict:
    """Measure both; a few minutes."""
    return {
        "tokens": TOKENS,
        "dim": DIM,
        "speed": measure_speed(),
        "likeness": {language: measure_likeness(language) for language in SHOWN},
    }
