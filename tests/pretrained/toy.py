"""A model that is all names: joined, transposed, flat, stacked, tied, and in two dialects."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import nn

from llm_book.pretrained.family import Family

WEIGHT_NAMES = {
    "embedding": "embed_tokens",
    "blocks.*.q_proj": "layers.*.attn.query_key_value[0]",
    "blocks.*.k_proj": "layers.*.attn.query_key_value[1]",
    "blocks.*.v_proj": "layers.*.attn.query_key_value[2]",
    "blocks.*.gate_proj": "layers.*.mlp.gate_up.T[0]",
    "blocks.*.up_proj": "layers.*.mlp.gate_up.T[1]",
    "blocks.*.experts.w1": "layers.*.mlp.experts.#.w1.weight",
    "blocks.*.experts.w2": "layers.*.mlp.experts.#.w2.weight.T",
    "blocks.*.scale": "layers.*.scale",
    "blocks.*.norm": "layers.*.norm.flat",
    "head": "lm_head",
}


@dataclass(frozen=True, kw_only=True)
class ToyConfig:
    dim: int
    n_layers: int = 2
    tie_embeddings: bool = True


class Experts(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.w1 = nn.Parameter(torch.randn(3, 5, dim))
        self.w2 = nn.Parameter(torch.randn(3, dim, 5))


class ToyBlock(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.q_proj = nn.Linear(dim, 2 * dim)
        self.k_proj = nn.Linear(dim, 3)
        self.v_proj = nn.Linear(dim, 3)
        self.gate_proj = nn.Linear(dim, 7, bias=False)
        self.up_proj = nn.Linear(dim, 7, bias=False)
        self.experts = Experts(dim)
        self.scale = nn.Parameter(torch.randn(dim))
        self.norm = nn.Parameter(torch.randn(2, dim))
        self.register_buffer("table", torch.arange(dim) ** 0.5, persistent=False)


class Toy(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(11, config.dim)
        self.blocks = nn.ModuleList(ToyBlock(config.dim) for _ in range(config.n_layers))
        self.head = nn.Linear(config.dim, 11, bias=False)
        if config.tie_embeddings:
            self.head.weight = self.embedding.weight

    @property
    def vocab_size(self):
        return 11


class ToyFamily(Family):
    model, config = Toy, ToyConfig
    fields: ClassVar = {"width": "dim", "depth": "n_layers"}
    defaults: ClassVar = {"tied": ("tie_embeddings", True)}
    weight_names = (
        WEIGHT_NAMES,
        {ours: f"old.{theirs}" for ours, theirs in WEIGHT_NAMES.items()} | {"head": "old_head"},
    )
    kind: ClassVar = {"model_type": "toy"}
    ignored_names = ("*.mask",)


def publish(model, prefix=""):
    """Return the tensors as the toy's publisher would name them, spelled out by hand."""
    tensors = {f"{prefix}embed_tokens.weight": model.embedding.weight}
    for i, block in enumerate(model.blocks):
        at, projections = f"{prefix}layers.{i}", (block.q_proj, block.k_proj, block.v_proj)
        for leaf in ("weight", "bias"):
            joined = torch.cat([getattr(layer, leaf) for layer in projections])
            tensors[f"{at}.attn.query_key_value.{leaf}"] = joined
        joined = torch.cat([block.gate_proj.weight, block.up_proj.weight])
        tensors[f"{at}.mlp.gate_up.weight"] = joined.t()
        for e in range(3):
            tensors[f"{at}.mlp.experts.{e}.w1.weight"] = block.experts.w1[e]
            tensors[f"{at}.mlp.experts.{e}.w2.weight"] = block.experts.w2[e].t()
        tensors[f"{at}.scale"] = block.scale
        tensors[f"{at}.norm"] = block.norm.flatten()
        tensors[f"{at}.mask"] = torch.ones(2)
    if not model.config.tie_embeddings:
        tensors["old_head.weight" if prefix else "lm_head.weight"] = model.head.weight
    return {name: tensor.detach().clone().contiguous() for name, tensor in tensors.items()}
