import torch

numbers = torch.tensor([1.0, -2.0, 0.5, 3.140625])
stored = numbers.bfloat16()
print("as BF16:", stored.float().tolist())
print("as F16: ", stored.view(torch.float16).float().tolist())
