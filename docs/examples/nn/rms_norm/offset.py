import torch

from llm_book.nn.rms_norm import RMSNorm

stored = torch.tensor([0.1, -0.2, 0.05])  # what the file of a Gemma holds
token = torch.tensor([1.0, 5.0, 7.0])
for offset in (1.0, 0.0):
    norm = RMSNorm(3, offset=offset)
    norm.weight.data = stored
    print(f"offset {offset:g}:", [round(n, 3) for n in norm(token).tolist()])

small = torch.tensor(0.003, dtype=torch.bfloat16)
print("1 + w in bfloat16:", (1 + small).item())
print("1 + w in float32: ", round(1 + small.float().item(), 4))
