"""How fast a GPT-2 of 124M parameters decodes, against Hugging Face and against the limit.

The limit is the time of the products alone: one token needs every weight matrix once, times a
vector. Peers take turns in one run on the same weights; of several rounds the fastest counts,
because other work on the machine can only slow one down.
"""

import itertools
import statistics
import time

import pytest
import torch
import transformers
from torch.nn import functional as F
from tqdm import tqdm
from transformers.generation.streamers import BaseStreamer

from llm_book.generation.generate import stream, use_onednn
from llm_book.models.causal_lm import published_name
from llm_book.models.gpt2 import GPT2, GPT2_124M, WEIGHT_NAMES, GPT2Config

SMALL = GPT2Config(vocab_size=500, context_length=128, dim=64, n_layers=2, n_heads=2)


@pytest.mark.parametrize("use_cache", [True, False])
def bench_generate(benchmark, use_cache):
    torch.manual_seed(0)
    model, prompt = GPT2(SMALL), [[1, 2, 3, 4]]
    steps = benchmark(lambda: list(stream(model, prompt, 32, use_cache=use_cache)))
    assert len(steps) == 32


def bench_generate_onednn(benchmark):
    torch.manual_seed(0)
    model, prompt = GPT2(SMALL), [[1, 2, 3, 4]]
    expected = list(stream(model, prompt, 32))
    use_onednn(model)
    assert benchmark(lambda: list(stream(model, prompt, 32))) == expected


def bench_hugging_face(benchmark):
    theirs, _ = models(SMALL)
    assert len(benchmark(hugging_face, theirs, torch.tensor([[1, 2, 3, 4]]), 8)) == 8


def models(config=GPT2_124M):
    """A model of Hugging Face with random weights, and ours with the same."""
    torch.manual_seed(0)
    theirs = transformers.GPT2LMHeadModel(
        transformers.GPT2Config(
            vocab_size=config.vocab_size,
            n_positions=config.context_length,
            n_embd=config.dim,
            n_layer=config.n_layers,
            n_head=config.n_heads,
            bos_token_id=None,
            eos_token_id=None,
        )
    ).eval()
    ours, weights = GPT2(config).eval(), theirs.transformer.state_dict()
    with torch.no_grad():
        for name, parameter in ours.named_parameters():
            source, transposed = published_name(name, WEIGHT_NAMES)
            parameter.copy_(weights[source].t() if transposed else weights[source])
    return theirs, ours


def with_onednn(model):
    """Return a second model on the same weights that multiplies with oneDNN."""
    twin = type(model)(model.config).eval()
    twin.load_state_dict(model.state_dict(), assign=True)
    use_onednn(twin)
    return twin


def seconds(function, repeats=7):
    """Return the median time of a call, after one to warm up."""
    function()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def ours(model, prompt, n_new, **options):
    """Return the times between our tokens; the first is that of the prompt."""
    moments = [time.perf_counter()]
    moments.extend(time.perf_counter() for _ in stream(model, prompt, n_new, **options))
    return [after - before for before, after in itertools.pairwise(moments)]


class Clock(BaseStreamer):
    """Note when each token comes out."""

    def __init__(self):
        self.moments = []

    def put(self, value):
        self.moments.append(time.perf_counter())

    def end(self):
        pass


def hugging_face(model, prompt, n_new):
    """Return the same of `GPT2LMHeadModel.generate`, greedy and with its cache."""
    clock = Clock()  # it is given the prompt first
    model.generate(prompt, max_new_tokens=n_new, do_sample=False, pad_token_id=0, streamer=clock)
    return [after - before for before, after in itertools.pairwise(clock.moments)]


def matrices(model):
    """Return the weight matrices that one token is multiplied by, and their biases."""
    layers = [module for module in model.modules() if isinstance(module, torch.nn.Linear)]
    return [(layer.weight, layer.bias) for layer in layers]


def products(model, kind, n_tokens=1):
    """Return a function that only multiplies: vectors, or for a prompt, matrices."""
    pairs = matrices(model)
    if n_tokens > 1:
        pairs = pairs[:-1]  # of a prompt, the head reads one token
    xs = {w.shape[1]: torch.randn(1, n_tokens, w.shape[1], dtype=w.dtype) for w, _ in pairs}
    if kind == "torch.mv":
        return lambda: [torch.mv(w, xs[w.shape[1]][0, 0]) for w, _ in pairs]
    if kind == "F.linear":
        return lambda: [F.linear(xs[w.shape[1]], w, b) for w, b in pairs]
    onednn = torch.ops.mkldnn._linear_pointwise
    return lambda: [onednn(xs[w.shape[1]], w, b, "none", [], "") for w, b in pairs]


def take_turns(contenders, rounds, label):
    """Time all contenders once a round; return the milliseconds of each one's rounds."""
    times = {name: [] for name in contenders}
    for _ in tqdm(range(rounds), label, leave=False, disable=None):
        for name, contender in contenders.items():
            times[name].append(1000 * contender())
    return times


def in_turns(contenders, rounds, label):
    """Return each contender's best round in milliseconds."""
    return {name: min(taken) for name, taken in take_turns(contenders, rounds, label).items()}


def decoding(peers, context, rounds=7, n_new=24):
    """Milliseconds a token of all peers and of the products alone, with so much context."""
    prompt = torch.randint(50_000, (1, context - n_new // 2))
    contenders = {}
    for name, model in peers.items():
        run = hugging_face if "Hugging" in name else ours
        contenders[name] = lambda run=run, model=model: statistics.median(
            run(model, prompt, n_new)[2:]
        )
    for dtype in ("float32", "bfloat16"):
        model = peers[f"ours, {dtype}"]
        for kind in ("torch.mv", "F.linear", "oneDNN"):
            multiply = products(model, kind)
            contenders[f"{kind}, {dtype}"] = lambda multiply=multiply: seconds(multiply, 5)
    return in_turns(contenders, rounds, f"context {context}")


@torch.inference_mode()
def prefill(peers, n_tokens=512, rounds=5):
    """Milliseconds until the first token of a prompt, and those of its products alone."""
    prompt = torch.randint(50_000, (1, n_tokens))
    contenders = {}
    for name, model in peers.items():
        run = hugging_face if "Hugging" in name else ours
        contenders[name] = lambda run=run, model=model: run(model, prompt, 1)[0]
    for dtype, kind in (("float32", "F.linear"), ("float32", "oneDNN"), ("bfloat16", "F.linear")):
        multiply = products(peers[f"ours, {dtype}"], kind, n_tokens)
        contenders[f"{kind}, {dtype}"] = lambda multiply=multiply: seconds(multiply, 1)
    return in_turns(contenders, rounds, f"prefill {n_tokens}")


@torch.inference_mode()
def parts(model, context):
    """Milliseconds of each part of one step: where the time goes."""
    cache = model.make_cache(1, context)
    model.hidden_states(torch.randint(50_000, (1, context - 1)), cache)
    token, positions = torch.tensor([[7]]), torch.tensor([context - 1])
    x = model.embed(token, positions)
    wide = model.blocks[0].feed_forward.up_proj(x)

    def rewind():
        for memory in cache:
            memory.length = context - 1

    def attend():
        rewind()
        return [b.attention(x, positions, c) for b, c in zip(model.blocks, cache, strict=True)]

    def step():
        rewind()
        return model.head(model.hidden_states(token, cache, positions)[:, -1]).argmax(-1).tolist()

    blocks = model.blocks
    in_attention = [layer for b in blocks for layer in (b.attention.qkv_proj, b.attention.o_proj)]
    norms = [norm for b in blocks for norm in (b.attention_norm, b.feed_forward_norm)]
    timed = {
        "step": step,
        "attention and its products": attend,
        "products in attention": lambda: [layer(x) for layer in in_attention],
        "GELU": lambda: [F.gelu(wide, approximate="tanh") for _ in blocks],
        "products in feed-forward": lambda: [
            (b.feed_forward.up_proj(x), b.feed_forward.down_proj(wide)) for b in blocks
        ],
        "normalization": lambda: [norm(x) for norm in (*norms, model.norm)],
        "head": lambda: model.head(x),
    }
    took = in_turns(
        {name: lambda function=function: seconds(function) for name, function in timed.items()},
        rounds=7,
        label=f"parts at context {context}",
    )
    in_order = {
        "products in the blocks": took["products in attention"] + took["products in feed-forward"],
        "product of the head": took["head"],
        "attention and cache": took["attention and its products"] - took["products in attention"],
        "normalization": took["normalization"],
        "GELU": took["GELU"],
    }
    return in_order | {"the rest": took["step"] - sum(in_order.values())}


def batches(peers, sizes=(1, 2, 4, 8), rounds=3):
    """Milliseconds a step for several rows at once: the weights are read once for all."""
    out = []
    for size in sizes:
        prompt = torch.randint(50_000, (size, 16))
        contenders = {
            name: lambda model=model, prompt=prompt: statistics.median(ours(model, prompt, 12)[2:])
            for name, model in peers.items()
            if "Hugging" not in name
        }
        out.append({"batch": size} | in_turns(contenders, rounds, f"batch {size}"))
    return out


def measure() -> dict:
    """Measure decoding at two lengths, prefill, batches, and the parts of a step."""
    theirs, model = models()
    prompt = torch.randint(50_000, (1, 16))
    expected = theirs.generate(prompt, max_new_tokens=8, do_sample=False, pad_token_id=0)
    assert [ids for [ids] in stream(model, prompt, 8)] == expected[0, 16:].tolist()
    half = GPT2(GPT2_124M).eval().to(torch.bfloat16)
    half.load_state_dict(model.state_dict())
    peers = {
        "ours, float32": model,
        "ours with oneDNN, float32": with_onednn(model),
        "ours, bfloat16": half,
        "Hugging Face, float32": theirs,
    }
    with torch.inference_mode():
        weight_bytes = sum(weight.nbytes for weight, _ in matrices(model))
        decode = {str(context): decoding(peers, context) for context in (32, 1000)}
        first = prefill(peers)
    shown = [name for name in peers if "Hugging" not in name]
    return {
        "weight_bytes_float32": weight_bytes,
        "milliseconds_per_token": decode,
        "prefill_512_milliseconds": first,
        "milliseconds_per_step_of_a_batch": batches(peers),
        "parts_of_a_step_milliseconds": {
            str(context): {name: parts(peers[name], context) for name in shown}
            for context in (32, 1000)
        },
        "ratios": ratios(decode, first),
    }


def ratios(decode, first):
    """Return what the page quotes: how many times faster, and what share of the limit."""
    out = {}
    for context, took in decode.items():
        slow = took["Hugging Face, float32"]
        for name in ("ours, float32", "ours with oneDNN, float32", "ours, bfloat16"):
            out[f"{name}: times Hugging Face float32, context {context}"] = slow / took[name]
    took = decode["32"]
    limits = {
        "ours, float32": ["torch.mv, float32", "F.linear, float32"],
        "ours with oneDNN, float32": ["oneDNN, float32"],
        "ours, bfloat16": ["F.linear, bfloat16"],
    }
    for name, kinds in limits.items():
        fastest = min(kinds, key=took.__getitem__)
        out[f"{name}: share of the limit by {fastest}"] = took[fastest] / took[name]
        kind = fastest if fastest in first else kinds[-1]
        out[f"{name}: prefill, share of {kind}"] = first[kind] / first[name]
    return out
