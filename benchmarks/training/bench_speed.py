"""One training step of GPT-2 124M, made faster change by change, beside Hugging Face's.

Contenders take turns, one step each; of several rounds the fastest counts, because other work on
the machine can only slow one down. How the C library hands out memory is a matter of the whole
process, hence one process for the contenders that leave it alone and others for those that do not.
On a machine with a GPU the same changes are measured there too (those for a CPU do nothing).
"""

import multiprocessing
import statistics
import tempfile
import time
from collections import defaultdict
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from torch import nn
from torch.profiler import profile, record_function

from llm_book.analysis.cost import forward_flops, matrix_weights, training_flops
from llm_book.data.token_files import RandomWindows, TokenFile, write_token_file
from llm_book.models.gpt2 import GPT2, GPT2_124M, GPT2Config
from llm_book.nn.multi_head_attention import MultiHeadAttention
from llm_book.tokenizers.bpe import BPETokenizer
from llm_book.training.adamw import AdamW
from llm_book.training.loss import next_token_loss
from llm_book.training.speed import (
    FastAttention,
    FastLinear,
    MasterWeights,
    keep_memory,
    linear_cross_entropy,
    pad_vocabulary,
    product,
    training_step,
    use_fast_layers,
)

BATCH, LENGTH, ROUNDS = 2, 256, 5
SMALL = GPT2Config(vocab_size=500, context_length=64, dim=64, n_layers=2, n_heads=2)
# The changes, in the order in which each is added to those before it.
PLAIN = ["Hugging Face", "the book so far", "fused AdamW"]
KEPT = {
    "float32": ["memory kept", "embedding", "oneDNN", "loss", "attention", "padded"],
    "bfloat16": ["memory kept", "embedding", "loss", "attention", "padded", "bfloat16 weights"],
}
APART = ["Hugging Face, memory kept"]


def flops_per_token(config=GPT2_124M, length=LENGTH):
    """Operations that a token needs in training; the mask hides nothing from the count."""
    sizes = {"dim": config.dim, "n_heads": config.n_heads, "head_dim": config.dim // config.n_heads}
    weights = matrix_weights(
        vocab_size=config.vocab_size,
        n_layers=config.n_layers,
        n_kv_heads=config.n_heads,
        hidden_dim=4 * config.dim,
        **sizes,
    )
    attended = config.n_layers * length
    del sizes["dim"]
    return training_flops(forward_flops(weights=weights, attended=attended, **sizes))


def hugging_face(config):
    """Their model in these sizes, without dropout."""
    return transformers.GPT2LMHeadModel(
        transformers.GPT2Config(
            vocab_size=config.vocab_size,
            n_positions=config.context_length,
            n_embd=config.dim,
            n_layer=config.n_layers,
            n_head=config.n_heads,
            resid_pdrop=0.0,
            embd_pdrop=0.0,
            attn_pdrop=0.0,
            bos_token_id=None,
            eos_token_id=None,
        )
    )


class Contender:
    """A model, an optimizer, and a step that tells how long it took."""

    def __init__(
        self, name, dtype, config=GPT2_124M, device="cpu", batch=BATCH, length=LENGTH, other=None
    ):
        torch.manual_seed(0)
        self.name, self.dtype, self.device = name, dtype, device
        self.changes = PLAIN[1:] + KEPT[dtype]
        ids = torch.randint(config.vocab_size, (batch, length + 1), device=device)
        self.inputs, self.targets = ids[:, :-1].contiguous(), ids[:, 1:].contiguous()
        same_weights = other is not None and not self.has("padded")
        with torch.device("meta" if same_weights else device):
            self.model = hugging_face(config) if "Hugging Face" in name else GPT2(config)
        if same_weights:  # so that many contenders fit into memory
            lenders = dict(other.model.named_modules())
            for path, module in self.model.named_modules():
                module._parameters.update(lenders[path]._parameters)
        self.masters, self.hidden_states = None, None
        self.prepare()
        parameters = self.masters.parameters if self.masters else list(self.model.parameters())
        settings = {"lr": 1e-4, "betas": (0.9, 0.95), "weight_decay": 0.1}
        if "Hugging Face" in name:
            self.optimizer = torch.optim.AdamW(parameters, **settings)
        elif name == "the book so far":
            self.optimizer = AdamW(parameters, **settings)
        else:
            self.optimizer = torch.optim.AdamW(parameters, fused=True, **settings)
        if same_weights:
            self.optimizer.state = other.optimizer.state

    def has(self, change):
        """Say if this contender has a change, its own or one before."""
        if "Hugging Face" in self.name or change not in self.changes:
            return False
        return self.changes.index(change) <= self.changes.index(self.name)

    def prepare(self):
        """Change the model as far as this contender's name says."""
        if self.has("padded"):
            pad_vocabulary(self.model)
        if self.has("bfloat16 weights"):
            self.masters = MasterWeights(self.model)
        if self.has("embedding"):
            use_fast_layers(self.model)
        for module in self.model.modules():
            if type(module) is FastLinear and not self.has("oneDNN"):
                module.__class__ = nn.Linear
            if type(module) is FastAttention and not self.has("attention"):
                module.__class__ = MultiHeadAttention

    def loss(self):
        """Return the loss of the batch."""
        if "Hugging Face" in self.name:
            logits = self.model(input_ids=self.inputs, use_cache=False).logits
            return next_token_loss(logits, self.targets)
        if not self.has("loss"):
            return next_token_loss(self.model(self.inputs), self.targets)
        hidden = (self.hidden_states or self.model.hidden_states)(self.inputs)
        return linear_cross_entropy(hidden, self.model.head.weight, self.targets)

    def step(self):
        """Do one step, and return its seconds."""
        autocast = self.dtype == "bfloat16" and self.masters is None
        start = self.now()
        with torch.autocast(self.device, torch.bfloat16) if autocast else nullcontext():
            loss = self.loss()
        loss.backward()
        with record_function("clip"):
            nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        with record_function("casts"):
            if self.masters:
                self.masters.take_gradients()
        self.optimizer.step()
        self.optimizer.zero_grad()
        with record_function("casts"):
            if self.masters:
                self.masters.give_weights()
        assert torch.isfinite(loss)
        return self.now() - start

    def now(self):
        """Return the time when all that was asked for is done."""
        if self.device == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter()


def peak(dtype, device="cpu"):
    """Operations per second of products of large matrices, by PyTorch and by oneDNN."""
    a, b = torch.randn(2, 2048, 2048, device=device, dtype=getattr(torch, dtype)).unbind()
    best = {}
    for name, multiply in (("torch", torch.mm), ("oneDNN", product)):
        times = []
        for _ in range(6):
            if device == "cuda":
                torch.cuda.synchronize()
            start = time.perf_counter()
            for _ in range(20 if device == "cuda" else 1):
                multiply(a, b)
            if device == "cuda":
                torch.cuda.synchronize()
            times.append((time.perf_counter() - start) / (20 if device == "cuda" else 1))
        best[name] = 2 * 2048**3 / min(times)
    return best


PARTS = {
    "attention": ("scaled_dot_product", "bmm", "softmax"),
    "products": ("aten::mm", "aten::addmm", "_linear_pointwise"),
    "GELU": ("gelu", "aten::tanh", "aten::pow"),
    "norms": ("layer_norm",),
    "optimizer": ("adamw",),
    "casts": ("aten::copy_", "_foreach_copy_"),
}


def part_of(event):
    """Return which part of a step an operation belongs to, by its name and its callers."""
    chain, parent = [event.name], event.cpu_parent
    while parent is not None:
        chain.append(parent.name)
        parent = parent.cpu_parent
    where = " ".join(chain)
    names = PARTS["products"]
    if any(name in chain[0] for name in names) and "attention" not in where.lower():
        return "products"
    if "LinearCrossEntropy" in where or "log_softmax" in where:
        return "loss"
    for label in ("clip", "casts"):
        if label in chain[1:]:
            return label
    if "Optimizer.step" in where:
        return "optimizer"
    for part, names in PARTS.items():
        if any(name in chain[0] for name in names):
            return part
    return "the rest"


def parts(contender):
    """Share of each part in the time that one step spends in operations."""
    with profile() as recorded:
        contender.step()
    spent = defaultdict(float)
    for event in recorded.events():
        spent[part_of(event)] += event.self_cpu_time_total
    total = sum(spent.values())
    return {part: value / total for part, value in spent.items()}


def compiling(contender):
    """Compile the blocks: the seconds of the first step, and of a step with and without."""
    compiled = torch.compile(contender.model.hidden_states)
    contender.hidden_states = compiled
    first = contender.step()
    times = {"compiled": [], "as it is": []}
    for _ in range(ROUNDS + 1):
        for name, each in (("compiled", compiled), ("as it is", None)):
            contender.hidden_states = each
            times[name].append(contender.step())
    return {"first step": first} | {name: min(each) for name, each in times.items()}


def larger_batch(contender, factor=4):
    """Tokens per second with so many times the rows, the rows of before in turn with it."""
    batches = {1: (contender.inputs, contender.targets)}
    batches[factor] = tuple(part.repeat(factor, 1) for part in batches[1])
    times = defaultdict(list)
    for _ in range(ROUNDS):
        for n, (contender.inputs, contender.targets) in batches.items():
            times[n].append(contender.step())
    contender.inputs, contender.targets = batches[1]
    n_tokens = contender.inputs.numel()
    return {str(n * BATCH): n * n_tokens / min(each) for n, each in times.items()}


def work(pipe, names, dtype, keep, config):
    """Build contenders in a process of their own, and step them when asked to."""
    torch.set_num_threads(2)
    if keep:
        keep_memory()
    length = min(LENGTH, config.context_length)
    contenders, ours = {}, None
    for name in names:
        contenders[name] = Contender(name, dtype, config, length=length, other=ours)
        ours = ours or (None if "Hugging Face" in name else contenders[name])
    for contender in contenders.values():
        contender.step()  # the first pays for what later ones find ready
    pipe.send("ready")
    while (asked := pipe.recv()) is not None:
        name, what = asked
        if what == "step":
            pipe.send(contenders[name].step())
        elif what == "parts":
            pipe.send(parts(contenders[name]))
        elif what == "peak":
            pipe.send(peak(dtype))
        elif what == "compile":
            pipe.send(compiling(contenders[name]))
        elif what == "batch":
            pipe.send(larger_batch(contenders[name]))


class Worker:
    """A process with contenders."""

    def __init__(self, names, dtype, config, *, keep):
        context = multiprocessing.get_context("spawn")
        self.pipe, other = context.Pipe()
        self.names = names
        arguments = (other, names, dtype, keep, config)
        self.process = context.Process(target=work, args=arguments, daemon=True)
        self.process.start()
        assert self.pipe.recv() == "ready"

    def ask(self, name, what):
        """Return what the process answers."""
        self.pipe.send((name, what))
        return self.pipe.recv()

    def end(self):
        """Let the process end."""
        self.pipe.send(None)
        self.process.join()


def ladder(dtype, config=GPT2_124M):
    """Seconds of a step after each change, Hugging Face's in turn with them."""
    workers = [
        Worker(PLAIN, dtype, config, keep=False),
        Worker(KEPT[dtype], dtype, config, keep=True),
        Worker(APART, dtype, config, keep=True),
    ]
    seconds, rates = defaultdict(list), []
    for _ in range(ROUNDS):
        for worker in workers:
            for name in worker.names:
                seconds[name].append(worker.ask(name, "step"))
        rates.append(workers[2].ask(None, "peak"))
    last = KEPT[dtype][-1]
    split = {
        "Hugging Face": workers[0].ask("Hugging Face", "parts"),
        last: workers[1].ask(last, "parts"),
    }
    for worker in workers:
        worker.end()
    best = {name: min(times) for name, times in seconds.items()}
    limit = {kind: max(rate[kind] for rate in rates) for kind in rates[0]}
    n_tokens = BATCH * min(LENGTH, config.context_length)
    flops = n_tokens * flops_per_token(config)
    return {
        "seconds": best,
        "all_seconds": seconds,
        "tokens_per_second": {name: n_tokens / s for name, s in best.items()},
        "peak": limit,
        "share_of_peak": {name: flops / s / max(limit.values()) for name, s in best.items()},
        "parts": split,
    }


def extras(dtype, config=GPT2_124M):
    """A larger batch, and in bfloat16 the compiler, on the last contender."""
    last = KEPT[dtype][-1]
    worker = Worker([last], dtype, config, keep=True)
    found = {"batch": worker.ask(last, "batch")}
    if dtype == "bfloat16":
        found["compile"] = worker.ask(last, "compile")
    worker.end()
    return found


def loader(n_tokens=2_000_000, repeats=200):
    """Median seconds to draw a batch from a memory-mapped file."""
    tokenizer = BPETokenizer([], {"<|last|>": 50_256})  # as many ids as GPT-2 has
    numbers = np.random.default_rng(0).integers(50_257, size=n_tokens)
    times = []
    with tempfile.TemporaryDirectory() as folder:
        write_token_file(Path(folder) / "random.tokens", numbers, tokenizer)
        windows = RandomWindows([TokenFile(Path(folder) / "random.tokens")], LENGTH, BATCH)
        for step in range(repeats):
            start = time.perf_counter()
            windows.batch(step)
            times.append(time.perf_counter() - start)
    return statistics.median(times)


def on_gpu():
    """The same ladder on a GPU, where there is one: batch 8 x 1,024, five steps each."""
    names = ["Hugging Face", *PLAIN[1:], "loss", "attention", "padded", "bfloat16 weights"]
    seconds = {}
    for name in names:
        contender = Contender(name, "bfloat16", device="cuda", batch=8, length=1024)
        contender.step()
        seconds[name] = min(contender.step() for _ in range(5))
        del contender
        torch.cuda.empty_cache()
    flops = 8 * 1024 * flops_per_token(length=1024)
    limit = peak("bfloat16", "cuda")["torch"]
    return {
        "seconds": seconds,
        "peak": limit,
        "share_of_peak": {name: flops / each / limit for name, each in seconds.items()},
    }


def measure() -> dict:
    """Measure the ladder in both dtypes, what was tried beside it, and the loader."""
    found = {"flops_per_token": flops_per_token()}
    for dtype in KEPT:
        found[dtype] = ladder(dtype) | extras(dtype)
    found["loader_seconds"] = loader()
    found["gpu"] = on_gpu() if torch.cuda.is_available() else None
    return found


@pytest.mark.parametrize("name", ["the book so far", "padded"])
def bench_step(benchmark, name):
    contender = Contender(name, "float32", SMALL, length=64)
    assert benchmark(contender.step) > 0


def bench_step_hugging_face(benchmark):
    contender = Contender("Hugging Face", "bfloat16", SMALL, length=64)
    assert benchmark(contender.step) > 0


def bench_step_with_masters(benchmark):
    contender = Contender("bfloat16 weights", "bfloat16", SMALL, length=64)
    masters = contender.masters.parameters
    assert benchmark(training_step, contender.model, contender.optimizer, contender.inputs,
                     contender.targets, masters=contender.masters).isfinite()  # fmt: skip
    assert masters[0].dtype == torch.float32


def bench_parts(benchmark):
    contender = Contender("padded", "float32", SMALL, length=64)
    shares = benchmark(parts, contender)
    assert abs(sum(shares.values()) - 1) < 1e-6
    assert {"products", "attention", "loss", "optimizer", "clip"} <= shares.keys()
