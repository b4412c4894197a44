import copy

import torch

from llm_book.models.gpt2 import GPT2, GPT2Config
from llm_book.training.loss import next_token_loss
from llm_book.training.speed import training_step, use_fast_layers

torch.manual_seed(0)
plain = GPT2(GPT2Config(vocab_size=96, context_length=32, dim=48, n_layers=2, n_heads=4))
fast = copy.deepcopy(plain)
use_fast_layers(fast)

slow = torch.optim.AdamW(plain.parameters(), lr=3e-3)
quick = torch.optim.AdamW(fast.parameters(), lr=3e-3, fused=True)
ids = torch.randint(96, (4, 33))
inputs, targets = ids[:, :-1], ids[:, 1:]
for step in range(1, 31):
    loss = next_token_loss(plain(inputs), targets)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(plain.parameters(), 1.0)
    slow.step()
    slow.zero_grad()
    fast_loss = training_step(fast, quick, inputs, targets)
    if step % 10 == 0:
        print(f"step {step}: plain {loss.item():.2f}, fast {fast_loss.item():.2f}")
