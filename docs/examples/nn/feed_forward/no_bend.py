import torch

torch.manual_seed(0)
up, down = torch.randn(8, 32), torch.randn(32, 8)
x = torch.randn(5, 8)
print(torch.allclose((x @ up) @ down, x @ (up @ down), atol=1e-4))
print((up @ down).numel(), up.numel() + down.numel())
