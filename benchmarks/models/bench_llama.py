"""How fast models of Llama's and of Qwen3's shape decode, against transformers and the limit.

As in `bench_generate`, all have the same weights and take turns in one run.
"""

import operator
import statistics
import tempfile

import pytest
import torch
import transformers

from benchmarks.generation.bench_generate import (
    hugging_face,
    matrices,
    ours,
    products,
    seconds,
    take_turns,
    with_onednn,
)
from llm_book.generation.generate import stream
from llm_book.models.causal_lm import count_parameters
from llm_book.pretrained.load import from_pretrained

SIZES = {
    "vocab_size": 32_000, "hidden_size": 768, "intermediate_size": 2048, "num_hidden_layers": 12,
    "max_position_embeddings": 2048, "tie_word_embeddings": True, "bos_token_id": None,
    "eos_token_id": None,
}  # fmt: skip
FAMILIES = {
    "Llama": (
        transformers.LlamaForCausalLM,
        transformers.LlamaConfig,
        {"num_attention_heads": 12, "num_key_value_heads": 4},
    ),
    "Qwen3": (
        transformers.Qwen3ForCausalLM,
        transformers.Qwen3Config,
        {"num_attention_heads": 8, "num_key_value_heads": 4, "head_dim": 128},
    ),
}
SMALL = {"vocab_size": 100, "hidden_size": 96, "intermediate_size": 64, "num_hidden_layers": 2}


def pair(family, **changes):
    """Return a model of transformers with random weights, and ours read from its files."""
    model_class, config_class, options = FAMILIES[family]
    torch.manual_seed(0)
    theirs = model_class(config_class(**SIZES | options | changes)).eval()
    with tempfile.TemporaryDirectory() as folder:
        theirs.save_pretrained(folder)
        model = from_pretrained(folder).eval()
    tokens = torch.randint(model.vocab_size, (1, 16))
    expected = theirs.generate(tokens, max_new_tokens=8, do_sample=False, pad_token_id=0)
    assert [ids for [ids] in stream(model, tokens, 8)] == expected[0, 16:].tolist()
    return theirs, model


@pytest.mark.parametrize("family", FAMILIES)
def bench_decoding(benchmark, family):
    _, model = pair(family, **SMALL)
    assert len(benchmark(lambda: list(stream(model, [[1, 2, 3, 4]], 8)))) == 8


def decoding(theirs, model, context, rounds=7, n_new=24):
    """Milliseconds a token of all peers and of the products alone, and how they compare.

    Compared is within a round, where all have the same neighbors; of all rounds, the median.
    """
    prompt = torch.randint(model.vocab_size, (1, context - n_new // 2))
    peers = {
        "ours": (ours, model),
        "ours with oneDNN": (ours, with_onednn(model)),
        "transformers": (hugging_face, theirs),
    }
    contenders = {
        name: lambda run=run, peer=peer: statistics.median(run(peer, prompt, n_new)[2:])
        for name, (run, peer) in peers.items()
    }
    for kind in ("torch.mv", "oneDNN"):
        multiply = products(model, kind)
        contenders[kind] = lambda multiply=multiply: seconds(multiply, n_new)
    times = take_turns(contenders, rounds, f"context {context}")

    def ratio(slow, fast):
        return statistics.median(map(operator.truediv, times[slow], times[fast]))

    return {
        "milliseconds": {name: statistics.median(taken) for name, taken in times.items()},
        "faster_than_transformers": {name: ratio("transformers", name) for name in peers},
        "share_of_limit": {
            "ours": ratio("torch.mv", "ours"),
            "ours with oneDNN": ratio("oneDNN", "ours with oneDNN"),
        },
    }


@torch.inference_mode()
def measure() -> dict:
    """Measure both families at two lengths, on random weights of about 100 M parameters."""
    transformers.utils.logging.disable_progress_bar()
    report = {}
    for family in FAMILIES:
        theirs, model = pair(family)
        report[family] = {
            "parameters": count_parameters(model),
            "weight_bytes": sum(weight.nbytes for weight, _ in matrices(model)),
            "decoding": {str(context): decoding(theirs, model, context) for context in (32, 1000)},
        }
    return report
