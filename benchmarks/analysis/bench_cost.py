"""What this machine allows, and how near GPT-2 124M comes: reading, writing, and training.

The memory's bandwidth is the fastest way that we know to read a gigabyte of matrices, and the
peak is the rate of a large matrix product; both are measured in the same run as the model.
All take turns, and of several rounds the fastest counts: other work on the machine only adds.
"""

import time

import pytest
import torch
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode
from tqdm import tqdm

from llm_book.analysis.cost import attended_tokens, forward_flops, matrix_weights, training_flops
from llm_book.models.gpt2 import GPT2, GPT2_124M, GPT2Config

SMALL = GPT2Config(vocab_size=500, context_length=128, dim=64, n_layers=2, n_heads=2)
DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}


@pytest.mark.parametrize("way", ["by formula", "by PyTorch's counter"])
def bench_count_flops(benchmark, way):
    with torch.device("meta"):
        model, tokens = GPT2(SMALL), torch.zeros(1, 128, dtype=torch.long)

    def count():
        if way == "by formula":
            return 128 * flops_per_token(SMALL, 128)
        with FlopCounterMode(display=False) as counter:
            model(tokens)
        return counter.get_total_flops()

    assert benchmark(count) == 128 * flops_per_token(SMALL, 128)


@pytest.mark.parametrize("dtype", DTYPES)
def bench_read_weights(benchmark, dtype):
    with torch.inference_mode():
        assert len(benchmark(products("F.linear", dtype, n_bytes=2**20, size=256))) > 0


def weights(config):
    return matrix_weights(
        vocab_size=config.vocab_size,
        dim=config.dim,
        n_layers=config.n_layers,
        n_heads=config.n_heads,
        n_kv_heads=config.n_heads,
        head_dim=config.dim // config.n_heads,
        hidden_dim=4 * config.dim,
    )


def flops_per_token(config, context):
    return forward_flops(
        weights=weights(config),
        n_heads=config.n_heads,
        head_dim=config.dim // config.n_heads,
        attended=attended_tokens(context, [None] * config.n_layers),
    )


def seconds(function):
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def in_turns(contenders, rounds, label):
    """Time every contender once a round; return the fastest time of each."""
    fastest = dict.fromkeys(contenders, float("inf"))
    for _ in tqdm(range(rounds), label, leave=False, disable=None):
        for name, contender in contenders.items():
            fastest[name] = min(fastest[name], seconds(contender))
    return fastest


def products(kind, dtype, n_bytes=10**9, size=4096):
    """Return a function that multiplies many matrices, together so large, by one vector."""
    matrix_bytes = size * size * DTYPES[dtype].itemsize
    matrices = [torch.randn(size, size).to(DTYPES[dtype]) for _ in range(n_bytes // matrix_bytes)]
    x = torch.randn(size).to(DTYPES[dtype])
    onednn = torch.ops.mkldnn._linear_pointwise
    one = {
        "torch.mv": lambda matrix: torch.mv(matrix, x),
        "F.linear": lambda matrix: F.linear(x[None], matrix),
        "oneDNN": lambda matrix: onednn(x[None], matrix, None, "none", [], ""),
    }[kind]
    return lambda: [one(matrix) for matrix in matrices]


@torch.inference_mode()
def bandwidth(rounds=7):
    """Bytes a second of matrix-vector products, by several kernels."""
    found = {}
    for dtype, type_ in DTYPES.items():
        ways = {kind: products(kind, dtype) for kind in ("torch.mv", "F.linear", "oneDNN")}
        n_bytes = 10**9 // (4096**2 * type_.itemsize) * 4096**2 * type_.itemsize
        took = in_turns(ways, rounds, f"reading {dtype}")
        found |= {f"{kind}, {dtype}": n_bytes / time_ for kind, time_ in took.items()}
    return found


@torch.inference_mode()
def matrix_rate(rounds=8):
    """Operations a second of the product of two large matrices, the best of two sizes."""
    contenders = {}
    for dtype, type_ in DTYPES.items():
        for size in (2048, 4096):
            a, b = (torch.randn(size, size).to(type_) for _ in range(2))
            contenders[dtype, size] = lambda a=a, b=b: F.linear(a, b)
    took = in_turns(contenders, rounds, "large products")
    return {
        dtype: max(2 * size**3 / took[dtype, size] for size in (2048, 4096)) for dtype in DTYPES
    }


def tokens(n_tokens):
    return torch.randint(50_000, (1, n_tokens), generator=torch.Generator().manual_seed(0))


@torch.inference_mode()
def passes(models, sizes=(1, 2, 4, 8, 16, 32, 64, 128, 256, 512), rounds=7):
    """Seconds of one pass over so many tokens at once."""
    contenders = {
        (dtype, n): lambda model=model, n=n: model(tokens(n))
        for dtype, model in models.items()
        for n in sizes
    }
    took = in_turns(contenders, rounds, "passes")
    return [
        {
            "n_tokens": n,
            "flops": n * flops_per_token(GPT2_124M, n),
            "seconds": {dtype: took[dtype, n] for dtype in models},
        }
        for n in sizes
    ]


@torch.inference_mode()
def read_and_write(models, n_tokens=512):
    """Seconds to read a prompt, and to write as many tokens, each step at its fastest of two."""

    def read(model):
        model(tokens(n_tokens), model.make_cache(1, n_tokens))

    def write(model):
        cache, token, steps = model.make_cache(1, n_tokens), torch.tensor([[7]]), []
        for _ in tqdm(range(n_tokens), "writing", leave=False, disable=None):
            start = time.perf_counter()
            token = model(token, cache)[:, -1].argmax(-1, keepdim=True)
            steps.append(time.perf_counter() - start)
        return steps

    readers = {dtype: lambda model=model: read(model) for dtype, model in models.items()}
    steps = {dtype: zip(write(m), write(m), strict=True) for dtype, m in models.items()}
    return {
        "n_tokens": n_tokens,
        "read_flops": n_tokens * flops_per_token(GPT2_124M, n_tokens),
        "write_flops": sum(flops_per_token(GPT2_124M, i + 1) for i in range(n_tokens)),
        "read_seconds": in_turns(readers, 5, "reading"),
        "write_seconds": {dtype: sum(map(min, pairs)) for dtype, pairs in steps.items()},
    }


def training(models, n_tokens=512, rounds=4):
    """Seconds of one way forward and back over so many tokens, without the optimizer."""

    def step(model):
        logits = model(tokens(n_tokens))
        F.cross_entropy(logits[0].float(), tokens(n_tokens)[0]).backward()
        model.zero_grad()

    took = in_turns(
        {dtype: lambda model=model: step(model) for dtype, model in models.items()},
        rounds,
        "training",
    )
    per_token = training_flops(flops_per_token(GPT2_124M, n_tokens))
    return {"n_tokens": n_tokens, "flops_per_token": per_token, "seconds": took}


def measure() -> dict:
    """Measure the machine's two limits, then GPT-2 124M reading, writing, and training."""
    torch.manual_seed(0)
    machine = {"bytes_per_second": bandwidth(), "flops_per_second": matrix_rate()}
    model = GPT2(GPT2_124M)
    half = GPT2(GPT2_124M).to(torch.bfloat16)
    half.load_state_dict(model.state_dict())
    models = {"float32": model, "bfloat16": half}
    return machine | {
        "weights": weights(GPT2_124M),
        "passes": passes(models),
        "read_and_write": read_and_write(models),
        "training": training(models),
    }
