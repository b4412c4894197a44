import torch

from llm_book.nn.kv_cache import KVCache

memory = torch.zeros(2, 3, 2)  # two rows, three tokens
memory[:, 3:4] = torch.ones(2, 1, 2)  # token number 3: no such slot
memory[:, 0:1] = torch.full((1, 1, 2), 7.0)  # one row for two
print(memory[..., 0].tolist())

for batch_size, n_tokens in ((2, 4), (1, 1)):
    new = torch.ones(batch_size, n_tokens, 2)
    try:
        KVCache(2, 3, (2,)).update(new, new, torch.arange(n_tokens))
    except ValueError as error:
        print(error)
