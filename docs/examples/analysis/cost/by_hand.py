import torch
from torch.utils.flop_counter import FlopCounterMode

from llm_book.analysis.cost import attended_tokens, forward_flops, matrix_weights
from llm_book.models.gpt2 import GPT2, GPT2_124M

by_hand = 12 * (4 * 768 * 768 + 2 * 768 * 3072) + 50_257 * 768
weights = matrix_weights(
    vocab_size=50_257, dim=768, n_layers=12,
    n_heads=12, n_kv_heads=12, head_dim=64, hidden_dim=3072,
)  # fmt: skip
print(f"weights   {by_hand:15,} {weights:15,}")

by_hand = 2 * by_hand + 12 * 1024 * 4 * 768
attended = attended_tokens(1024, [None] * 12)
flops = forward_flops(weights=weights, n_heads=12, head_dim=64, attended=attended)
print(f"one token {by_hand:15,} {flops:15,}")

with torch.device("meta"), FlopCounterMode(display=False) as counter:
    GPT2(GPT2_124M)(torch.zeros(1, 1024, dtype=torch.long))
counted = counter.get_total_flops()
print(f"a prompt  {1024 * by_hand:15,} {1024 * flops:15,} {counted:15,}")
