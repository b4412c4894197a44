"""What the exchanged parts are worth: all families learn the same stories for as many steps.

The hidden width evens out what a family spends elsewhere, so that the blocks of all have about
the same number of weights. The family with experts has more, but uses as many for a token.
"""

import dataclasses

import pytest
import torch
from tqdm import tqdm

from llm_book.data.stories import StoryGrammar
from llm_book.models.causal_lm import CausalLM, count_parameters
from llm_book.models.gemma3 import Gemma3, Gemma3Config
from llm_book.models.glm import Glm, GlmConfig
from llm_book.models.gpt2 import GPT2, GPT2Config
from llm_book.models.llama import Llama, LlamaConfig
from llm_book.models.olmo3 import Olmo3, Olmo3Config
from llm_book.models.qwen3 import Qwen3, Qwen3Config
from llm_book.tokenizers.bpe import train_bpe
from llm_book.training.storytelling import END, StoryBatches, lowest_loss, story_batch
from llm_book.training.trainer import TrainingConfig, count_targets, evaluate_loss, train

SIZES = {
    "vocab_size": 1000, "context_length": 1024, "dim": 96, "n_layers": 3, "n_heads": 3,
    "tie_embeddings": True,
}  # fmt: skip
SHARED = {"n_kv_heads": 1}
WINDOWS = {"window": 64, "global_layers": (2,)}
EXPERTS = {"n_experts": 8, "n_active_experts": 2}
FAMILIES = {  # the model, its config, and what it has beside the sizes
    "GPT-2": (GPT2, GPT2Config, {}),
    "Llama 3": (Llama, LlamaConfig, SHARED),
    "Qwen3": (Qwen3, Qwen3Config, SHARED | {"head_dim": 32}),
    "Qwen3 MoE": (Qwen3, Qwen3Config, SHARED | EXPERTS | {"head_dim": 32}),
    "Gemma 3": (Gemma3, Gemma3Config, SHARED | WINDOWS | {"head_dim": 32, "query_scale": 32}),
    "OLMo 3": (Olmo3, Olmo3Config, SHARED | WINDOWS),
    "GLM-4": (Glm, GlmConfig, SHARED | {"head_dim": 32}),
    "GLM-4-0414": (Glm, GlmConfig, SHARED | {"head_dim": 32, "post_norms": True}),
}
LOUDER = ("OLMo 3", "GLM-4-0414")  # are also trained with their embedding times √C
BATCH_SIZE = 4
ALIKE = 332_000  # weights in the blocks


def build(family: str, sizes: dict = SIZES, alike: int = ALIKE) -> CausalLM:
    """Return a new model of a family, its blocks with about `alike` weights."""
    model_class, config_class, options = FAMILIES[family]
    plain = {key: value for key, value in options.items() if key not in EXPERTS}
    one = config_class(**sizes, **plain, hidden_dim=8)
    two = dataclasses.replace(one, hidden_dim=16)
    with torch.device("meta"):
        first, second = (count_parameters(model_class(c).blocks) for c in (one, two))
    hidden_dim = max(8, 8 + 8 * round((alike - first) / (second - first)))
    if family == "Qwen3 MoE":  # two experts of half the width do the work of one network
        options = options | {"expert_dim": hidden_dim // 2}
    return model_class(config_class(**sizes, **options, hidden_dim=hidden_dim))


def embed_louder(model: CausalLM) -> CausalLM:
    """Let a model multiply its embedding by √C, as Gemma does."""
    plain = model.embed
    model.embed = lambda tokens, positions: plain(tokens, positions) * model.config.dim**0.5
    return model


@pytest.mark.parametrize("family", FAMILIES)
def bench_families(benchmark, family):
    model = build(family, SIZES | {"dim": 48, "vocab_size": 100, "n_layers": 2}, 40_000)
    tokens = torch.randint(100, (2, 32))
    assert benchmark(model, tokens).shape == (2, 32, 100)


def measure(steps: int = 400, seeds: int = 2) -> dict:
    """Train every family from several seeds: about a quarter of an hour on one core."""
    torch.set_num_threads(1)
    grammar = StoryGrammar("en")
    tokenizer = train_bpe(grammar.sample(1000), SIZES["vocab_size"], special_tokens=(END,))
    held_out = grammar.sample(64, seed=1)
    characters = sum(map(len, held_out))
    validation = [story_batch(held_out[i : i + 16], tokenizer) for i in range(0, 64, 16)]
    per_character = sum(count_targets(targets) for _, targets in validation) / characters
    config = TrainingConfig(
        n_steps=steps, learning_rate=3e-3, warmup_steps=40, evaluate_every=max(1, steps // 8)
    )

    def learn(family, seed, change=None):
        torch.manual_seed(seed)
        model = build(family)
        if change:
            change(model)
        data = StoryBatches(grammar, tokenizer, BATCH_SIZE, seed=seed)
        history = train(model, data, config, validation=validation[:1])
        return {
            "loss": evaluate_loss(model, validation) * per_character,
            "validation": [[step, loss * per_character] for step, loss in history.validation],
        }

    families = {}
    for family in tqdm(FAMILIES, "families", disable=None):
        families[family] = {
            "parameters": count_parameters(build(family)),
            "runs": [learn(family, seed) for seed in range(seeds)],
        }
    return {
        "steps": steps,
        "batch_size": BATCH_SIZE,
        "floor": lowest_loss(grammar, held_out),
        "families": families,
        "louder": {
            family: [learn(family, seed, embed_louder)["loss"] for seed in range(seeds)]
            for family in LOUDER
        },
    }
