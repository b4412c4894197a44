import dataclasses

import torch

from llm_book.models.llama import Llama, LlamaConfig

published = {
    "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
    "original_max_position_embeddings": 8192,
}  # fmt: skip
config = LlamaConfig(vocab_size=100, dim=64, n_layers=2, n_heads=2, n_kv_heads=1, hidden_dim=176)
torch.manual_seed(0)
forgotten = Llama(config)  # the fault: no rope_scaling
for parameter in forgotten.parameters():
    if parameter.dim() == 2:
        torch.nn.init.normal_(parameter, std=parameter.shape[1] ** -0.5)
tokens = torch.randint(100, (1, 12))
for length in (8192, 8):
    scaling = published | {"original_max_position_embeddings": length}
    right = Llama(dataclasses.replace(config, rope_scaling=scaling))
    right.load_state_dict(forgotten.state_dict())
    with torch.no_grad():
        difference = (right(tokens) - forgotten(tokens)).abs().max().item()
    print(f"original length {length:4}: a logit differs by up to {difference:.2f}")
