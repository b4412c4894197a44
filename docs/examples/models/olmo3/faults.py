import copy
from types import MethodType

import torch
from torch import nn
from torch.nn import functional as F

from llm_book.models.olmo3 import Olmo3, Olmo3Config

config = Olmo3Config(
    vocab_size=100, dim=64, n_layers=4, n_heads=4, n_kv_heads=2, hidden_dim=128, window=32,
    global_layers=(3,), rope_theta=5e5,
    rope_scaling={"rope_type": "yarn", "factor": 8.0, "original_max_position_embeddings": 64},
)  # fmt: skip
torch.manual_seed(0)
right = Olmo3(config)
for name, parameter in right.named_parameters():
    mean, std = (1.0, 0.2) if "norm" in name else (0.0, parameter.shape[1] ** -0.5)
    nn.init.normal_(parameter, mean, std)


def norm_before(blocks):  # where Llama and Qwen3 have it
    def forward(self, x, positions, cache=None):
        x = x + self.attention(self.attention_post_norm(x), positions, cache)
        return x + self.feed_forward(self.feed_forward_post_norm(x))

    for block in blocks:
        block.forward = MethodType(forward, block)


def norm_per_head(blocks):
    def forward(self, x):
        return F.rms_norm(x, x.shape[-1:]) * self.weight

    for block in blocks:
        for norm in (block.attention.q_norm, block.attention.k_norm):
            norm.forward = MethodType(forward, norm)


def yarn_everywhere(blocks):
    for block in blocks:
        block.attention.rotary = blocks[3].attention.rotary


def yarn_nowhere(blocks):
    blocks[3].attention.rotary = blocks[0].attention.rotary


def no_factor(blocks):  # slowed, but scores as they were
    blocks[3].attention.rotary.attention_factor = 1.0


tokens = torch.randint(100, (1, 512))
print("                  tokens 0–1   2–31  32–511")
with torch.no_grad():
    expected = right(tokens).log_softmax(-1)
    for fault in (norm_before, norm_per_head, yarn_everywhere, yarn_nowhere, no_factor):
        wrong = copy.deepcopy(right)
        fault(wrong.blocks)
        errors = (wrong(tokens).log_softmax(-1) - expected).abs().amax(-1)[0]
        first, inside, beyond = (part.max().item() for part in errors.split([2, 30, 480]))
        print(f"{fault.__name__:18}{first:10.1f}{inside:7.1f}{beyond:8.1f}")
