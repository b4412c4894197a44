import copy

import torch

from llm_book.models.gemma3 import Gemma3, Gemma3Config
from llm_book.nn.rms_norm import RMSNorm

config = Gemma3Config(
    vocab_size=100, dim=64, n_layers=6, n_heads=4, n_kv_heads=1, head_dim=32, query_scale=32,
    hidden_dim=128, window=16, global_layers=(5,),
)  # fmt: skip
torch.manual_seed(0)
right = Gemma3(config)
for parameter in right.parameters():
    is_norm = parameter.dim() == 1
    torch.nn.init.normal_(parameter, std=0.2 if is_norm else parameter.shape[1] ** -0.5)


def no_offset(model):  # multiply by w instead of 1 + w
    for module in model.modules():
        if isinstance(module, RMSNorm):
            module.offset = 0.0


def no_scale(model):  # the embedding as it is stored
    model.embed = lambda tokens, positions: model.embedding(tokens)


def moved_norm(model):  # post_attention_layernorm where Qwen3 has it
    for block in model.blocks:
        block.attention_post_norm, block.feed_forward_norm = (
            block.feed_forward_norm,
            block.attention_post_norm,
        )


def wide_window(model):  # 17 positions instead of 16
    for block in model.blocks[:5]:
        block.attention.window += 1


def other_bases(model):  # each kind of layer turns as the other should
    local, everywhere = (model.blocks[layer].attention.rotary for layer in (0, 5))
    for layer, block in enumerate(model.blocks):
        block.attention.rotary = local if layer == 5 else everywhere


tokens = torch.randint(100, (1, 512))
print("            tokens 0–1   2–15  16–511")
with torch.no_grad():
    expected = right(tokens).log_softmax(-1)
    for fault in (no_offset, no_scale, moved_norm, wide_window, other_bases):
        wrong = copy.deepcopy(right)
        fault(wrong)
        errors = (wrong(tokens).log_softmax(-1) - expected).abs().amax(-1)[0]
        first, inside, beyond = (part.max().item() for part in errors.split([2, 14, 496]))
        print(f"{fault.__name__:12}{first:10.1f}{inside:7.1f}{beyond:8.1f}")
