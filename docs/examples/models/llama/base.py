import dataclasses

import torch

from llm_book.models.llama import Llama, LlamaConfig

config = LlamaConfig(
    vocab_size=100, context_length=4096, dim=64, n_layers=2, n_heads=2, n_kv_heads=1,
    hidden_dim=176,
)  # fmt: skip
torch.manual_seed(0)
right = Llama(config)
for parameter in right.parameters():  # large enough for attention to choose
    if parameter.dim() == 2:
        torch.nn.init.normal_(parameter, std=parameter.shape[1] ** -0.5)
wrong = Llama(dataclasses.replace(config, rope_theta=10_000.0))  # the fault
print(wrong.load_state_dict(right.state_dict()))
tokens = torch.randint(100, (1, 2048))
with torch.no_grad():
    difference = (right(tokens) - wrong(tokens)).abs().amax(-1)[0]
for end in (4, 16, 32, 2048):
    print(f"first {end:4} tokens: logits differ by up to {difference[:end].max():.1f}")
