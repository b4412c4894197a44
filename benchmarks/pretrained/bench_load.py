"""What loading takes, in three ways: the peak of the memory and the seconds."""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
import torch
from tqdm import tqdm

from llm_book.models.causal_lm import count_parameters
from llm_book.models.gpt2 import GPT2, GPT2_355M, GPT2Config
from llm_book.pretrained.export import save_pretrained
from llm_book.pretrained.families.gpt2 import GPT2Family
from llm_book.pretrained.load import build, from_pretrained, read_config
from llm_book.pretrained.weights import read_header

SMALL = GPT2Config(vocab_size=500, context_length=128, dim=64, n_layers=2, n_heads=2)
N_SHARDS = 4


def all_at_once(folder):
    """Draw a model at random, read all weights into memory, and copy them."""
    model = GPT2(GPT2Family.read(read_config(folder)))
    weights = {}
    for file in sorted(folder.glob("*.bin")):
        weights |= torch.load(file, weights_only=True)
    model.load_state_dict(weights, strict=False)  # the tied head has no name of its own
    return model


def shard_by_shard(folder):
    """Draw a model at random, then read, copy, and forget one file after the other."""
    model = GPT2(GPT2Family.read(read_config(folder)))
    for file in sorted(folder.glob("*.bin")):
        weights = torch.load(file, weights_only=True)
        model.load_state_dict(weights, strict=False)
        del weights
    return model


METHODS = {
    "all at once": all_at_once,
    "shard by shard": shard_by_shard,
    "tensor by tensor": from_pretrained,
}


def prepare(folder, config):
    """Write a model twice: as safetensors, and under our names as PyTorch's own files."""
    torch.manual_seed(0)
    model = GPT2(config)
    size = 4 * count_parameters(model) // N_SHARDS
    save_pretrained(model, folder, max_shard_bytes=size + size // 8)
    weights = list(model.named_parameters())
    shards, held = [{}], 0
    for name, parameter in weights:
        if shards[-1] and held + parameter.nbytes > size + size // 8:
            shards, held = [*shards, {}], 0
        shards[-1][name] = parameter.detach()
        held += parameter.nbytes
    for number, shard in enumerate(shards):
        torch.save(shard, folder / f"part-{number}.bin")


def peak_bytes():
    """Return the largest memory of this process so far, since it was last reset."""
    lines = Path("/proc/self/status").read_text().splitlines()
    (peak,) = [line.split()[1] for line in lines if line.startswith("VmHWM")]
    return 1024 * int(peak)


def load(method, folder):
    """Load once in this process; return the seconds, and the peak above what was there before."""
    build(read_config(folder))  # whatever Python imports, it has imported
    torch.randn(1000) @ torch.randn(1000)
    Path("/proc/self/clear_refs").write_text("5")  # Linux: forget the peak
    before, start = peak_bytes(), time.perf_counter()
    model = METHODS[method](folder)
    seconds = time.perf_counter() - start
    assert model.head.weight is model.embedding.token.weight
    return {"seconds": seconds, "peak_bytes": peak_bytes() - before}


def load_elsewhere(method, folder):
    """Load in a process of its own, where nothing else has been."""
    command = [sys.executable, "-m", "benchmarks.pretrained.bench_load", method, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@pytest.mark.parametrize("method", METHODS)
def bench_load(benchmark, method, tmp_path):
    prepare(tmp_path / "model", SMALL)
    expected = from_pretrained(tmp_path / "model").state_dict()
    model = benchmark(METHODS[method], tmp_path / "model")
    for name, weight in model.state_dict().items():
        assert torch.equal(weight, expected[name])


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
def bench_peak(benchmark, tmp_path):
    prepare(tmp_path / "model", SMALL)
    found = benchmark.pedantic(load_elsewhere, ("all at once", tmp_path / "model"))
    assert found.keys() == {"seconds", "peak_bytes"}


def measure(rounds=3) -> dict:
    """Load GPT-2 355M from files that the system holds in its memory, in turns."""
    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent) / "model"
        prepare(folder, GPT2_355M)
        runs = {method: [] for method in METHODS}
        for _ in tqdm(range(rounds), "rounds", leave=False, disable=None):
            for method in METHODS:
                runs[method].append(load_elsewhere(method, folder))
        stored = [
            tensor for file in folder.glob("*.safetensors") for tensor in read_header(file).values()
        ]
        shards = [file.stat().st_size for file in folder.glob("*.bin")]
    return {
        "model": "GPT-2 355M, float32",
        "model_bytes": sum(tensor.n_bytes for tensor in stored),
        "largest_tensor_bytes": max(tensor.n_bytes for tensor in stored),
        "largest_shard_bytes": max(shards),
        "shards": len(shards),
        "methods": {
            method: {
                "seconds": statistics.median(run["seconds"] for run in found),
                "peak_bytes": max(run["peak_bytes"] for run in found),
            }
            for method, found in runs.items()
        },
    }


if __name__ == "__main__":
    print(json.dumps(load(sys.argv[1], Path(sys.argv[2]))))
