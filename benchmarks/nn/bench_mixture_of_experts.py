"""Experts: the time beside dense networks, and what balance does while a small model learns."""

import time
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from tqdm import tqdm

from llm_book.data.stories import StoryGrammar
from llm_book.models.causal_lm import count_parameters
from llm_book.nn.gated_feed_forward import GatedFeedForward
from llm_book.nn.grouped_query_attention import GroupedQueryAttention
from llm_book.nn.mixture_of_experts import (
    MixtureOfExperts,
    Routing,
    TopKRouter,
    load_balancing_loss,
    recorded_routing,
)
from llm_book.nn.rms_norm import RMSNorm
from llm_book.nn.rotary_embedding import RotaryEmbedding
from llm_book.tokenizers.bpe import BPETokenizer, train_bpe

WIDTH, EXPERT, E, A = 1024, 512, 32, 4  # of the layer that is timed
TOKENS = (1, 4, 16, 64, 256, 1024)
GROUPS, FEATURES, BALANCES, SEEDS = 8, 16, (0.0, 0.01, 0.1), 4  # of the groups of tokens
DIM, HIDDEN, SMALL_E, SMALL_A, CONTEXT = 64, 64, 8, 2, 64  # of the model that is trained
BALANCE, STEPS = 0.01, 500


def make_experts(
    dim: int, hidden: int, n_experts: int, n_active: int, **options: bool
) -> MixtureOfExperts:
    """Return a mixture of gated networks."""
    router = TopKRouter(dim, n_experts, n_active, **options)
    return MixtureOfExperts(router, (GatedFeedForward(dim, hidden) for _ in range(n_experts)))


@torch.inference_mode()
def speed(n_tokens: int, layers: dict[str, nn.Module], rounds: int) -> dict:
    """Return the best milliseconds of each layer, in turns, and how many experts ran."""
    x = torch.randn(n_tokens, layers["experts"].router.weight.shape[-1])
    times: dict[str, list[float]] = {name: [] for name in layers}
    for _ in range(rounds + 1):
        for name, layer in layers.items():
            start = time.perf_counter()
            layer(x)
            times[name].append(time.perf_counter() - start)
    ran = len(layers["experts"].router(x).experts.unique())
    best = {name: 1000 * min(values[1:]) for name, values in times.items()}
    return {"tokens": n_tokens, "experts_used": ran, "milliseconds": best}


class Small(nn.Module):
    """Two layers that predict the next token."""

    def __init__(self, vocab_size: int, feed_forward: Callable[[], nn.Module]) -> None:
        super().__init__()
        rotary = RotaryEmbedding(16)
        self.embedding = nn.Embedding(vocab_size, DIM)
        self.layers = nn.ModuleList(
            nn.ModuleList(
                (
                    RMSNorm(DIM),
                    GroupedQueryAttention(DIM, 4, 4, rotary=rotary),
                    RMSNorm(DIM),
                    feed_forward(),
                )
            )
            for _ in range(2)
        )
        self.head = nn.Sequential(RMSNorm(DIM), nn.Linear(DIM, vocab_size, bias=False))

    def forward(self, tokens: Tensor) -> Tensor:
        """Return the logits."""
        x, positions = self.embedding(tokens), torch.arange(tokens.shape[1])
        for attention_norm, attention, norm, feed_forward in self.layers:
            x = x + attention(attention_norm(x), positions)
            x = x + feed_forward(norm(x))
        return self.head(x)


def shares(routing: Routing) -> list[float]:
    """Return the share of the choices that each expert got."""
    counts = routing.experts.flatten().bincount(minlength=routing.probabilities.shape[-1])
    return (counts / counts.sum()).tolist()


def groups(balance: float, seed: int, n_steps: int) -> dict:
    """Train one layer on eight groups of tokens, each with a task of its own.

    The tokens have a part in common, as those of a language model have.
    """
    torch.manual_seed(seed)
    centers = torch.randn(GROUPS, FEATURES) + torch.randn(FEATURES)
    tasks = torch.randn(GROUPS, FEATURES, FEATURES) * FEATURES**-0.5
    layer = make_experts(FEATURES, 16, GROUPS, 1, normalize=False)
    optimizer = torch.optim.AdamW(layer.parameters(), lr=3e-3)
    history, losses = [], []
    for step in range(n_steps):
        group = torch.randint(GROUPS, (256,))
        x = centers[group] + 0.3 * torch.randn(256, FEATURES)
        wanted = torch.einsum("nc,ncd->nd", x, tasks[group])
        with recorded_routing(layer) as routings:
            loss = F.mse_loss(layer(x), wanted)
        _, experts, probabilities = routings[0]
        losses.append(loss.item())
        history.append({"step": step, "shares": shares(routings[0])})
        optimizer.zero_grad()
        (loss + balance * load_balancing_loss(probabilities, experts)).backward()
        optimizer.step()
    last = torch.tensor([entry["shares"] for entry in history[-20:]]).mean(0)
    return {
        "balance": balance,
        "seed": seed,
        "loss": sum(losses[-20:]) / len(losses[-20:]),
        "shares": last.tolist(),
        "history": history[:: max(1, n_steps // 40)] if seed == 0 else [],
    }


def corpus(n_stories: int) -> tuple[BPETokenizer, Tensor]:
    """Return a tokenizer, and as many stories in English as in Chinese, in turns."""
    english, chinese = (
        list(StoryGrammar(language).sample(n_stories, seed=0)) for language in ("en", "zh")
    )
    texts = [text + "\n" for pair in zip(english, chinese, strict=True) for text in pair]
    tokenizer = train_bpe(texts, 1500)
    return tokenizer, torch.tensor(tokenizer.encode("".join(texts)))


def train(model: nn.Module, text: Tensor, n_steps: int, balance: float = BALANCE) -> None:
    """Train a model, with the balancing loss if it has experts."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=4e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, n_steps)
    generator = torch.Generator().manual_seed(0)
    for _ in tqdm(range(n_steps), "training", leave=False, disable=None):
        starts = torch.randint(len(text) - CONTEXT, (16, 1), generator=generator)
        rows = text[starts + torch.arange(CONTEXT + 1)]
        with recorded_routing(model) as routings:
            logits = model(rows[:, :-1])
        loss = F.cross_entropy(logits.flatten(0, 1), rows[:, 1:].flatten())
        if routings:
            probabilities = torch.stack([routing.probabilities for routing in routings])
            experts = torch.stack([routing.experts for routing in routings])
            loss = loss + balance * load_balancing_loss(probabilities, experts)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()


@torch.inference_mode()
def held_out(model: nn.Module, text: Tensor) -> float:
    """Return the loss on stories that were not trained on."""
    rows = text.unfold(0, CONTEXT + 1, CONTEXT)
    return F.cross_entropy(model(rows[:, :-1]).flatten(0, 1), rows[:, 1:].flatten()).item()


@torch.inference_mode()
def choices(model: nn.Module, tokenizer: BPETokenizer, text: str) -> list[dict]:
    """Return the tokens of a text, and the expert of each layer that weighs most."""
    ids = tokenizer.encode(text)[:CONTEXT]
    with recorded_routing(model) as routings:
        model(torch.tensor([ids]))
    chosen = torch.stack([routing.experts[:, 0] for routing in routings], -1).tolist()
    return [
        {"token": tokenizer.decode([i]), "experts": experts}
        for i, experts in zip(ids, chosen, strict=True)
    ]


@torch.inference_mode()
def by_language(model: nn.Module, tokenizer: BPETokenizer) -> dict[str, list[list[float]]]:
    """Return the shares of the experts, layer by layer, among new stories of each language."""
    found = {}
    for language in ("en", "zh"):
        stories = "\n".join(StoryGrammar(language).sample(30, seed=1))
        rows = torch.tensor(tokenizer.encode(stories)).unfold(0, CONTEXT, CONTEXT)
        with recorded_routing(model) as routings:
            model(rows)
        found[language] = [shares(routing) for routing in routings]
    return found


def learning(n_steps: int, n_stories: int) -> dict:
    """Train a model with experts on stories, and two dense ones for comparison."""
    tokenizer, text = corpus(n_stories)
    validation, text = text[: 64 * CONTEXT + 1], text[64 * CONTEXT + 1 :]
    networks: dict[str, Callable[[], nn.Module]] = {
        "experts": lambda: make_experts(DIM, HIDDEN, SMALL_E, SMALL_A),
        "dense_active": lambda: GatedFeedForward(DIM, SMALL_A * HIDDEN),
        "dense_total": lambda: GatedFeedForward(DIM, SMALL_E * HIDDEN),
    }
    found: dict = {"steps": n_steps, "balance": BALANCE, "runs": {}}
    for name, feed_forward in networks.items():
        torch.manual_seed(0)
        model = Small(tokenizer.vocab_size, feed_forward)
        train(model, text, n_steps)
        found["runs"][name] = {
            "parameters": count_parameters(model),
            "loss": held_out(model, validation),
        }
        if name == "experts":
            found["by_language"] = by_language(model, tokenizer)
            stories = {
                language: next(iter(StoryGrammar(language).sample(1, seed=2)))
                for language in ("en", "zh")
            }
            found["choices"] = {
                language: choices(model, tokenizer, story) for language, story in stories.items()
            }
    torch.manual_seed(0)
    alone = Small(tokenizer.vocab_size, networks["experts"])
    train(alone, text, n_steps, balance=0.0)
    found["without_balance"] = {
        "loss": held_out(alone, validation),
        "by_language": by_language(alone, tokenizer),
    }
    return found


def measure() -> dict:
    """Measure time for several batches, then train small layers and models, on one core."""
    torch.set_num_threads(1)  # experts are small: a second thread mostly waits
    torch.manual_seed(0)
    layers = {
        "experts": make_experts(WIDTH, EXPERT, E, A),
        "dense_active": GatedFeedForward(WIDTH, A * EXPERT),
        "dense_total": GatedFeedForward(WIDTH, E * EXPERT),
    }
    return {
        "layer": {"dim": WIDTH, "hidden_dim": EXPERT, "n_experts": E, "n_active": A},
        "parameters": {name: count_parameters(layer) for name, layer in layers.items()},
        "speed": [speed(n, layers, 9) for n in tqdm(TOKENS, disable=None)],
        "groups": [groups(b, seed, 400) for seed in range(SEEDS) for b in BALANCES],
        "learning": learning(STEPS, 400),
    }


@pytest.mark.parametrize("n_tokens", [1, 32])
def bench_layer(benchmark, n_tokens):
    layers = {"experts": make_experts(16, 8, 8, 2), "dense_active": GatedFeedForward(16, 16)}
    result = benchmark.pedantic(speed, (n_tokens, layers, 2))
    assert 2 <= result["experts_used"] <= min(8, 2 * n_tokens)


def bench_groups(benchmark):
    found = benchmark.pedantic(groups, (0.1, 0, 4), rounds=1)
    assert sum(found["shares"]) == pytest.approx(1)


def bench_learning(benchmark):
    found = benchmark.pedantic(learning, (2, 10), rounds=1)
    assert len(found["runs"]) == 3
    assert sum(found["by_language"]["zh"][0]) == pytest.approx(1)
    assert {len(token["experts"]) for token in found["choices"]["en"]} == {2}
