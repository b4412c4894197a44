import torch

torch.manual_seed(0)
print("   D   spread  largest   |  divided by √D:  spread  largest")
for head_dim in (1, 16, 64, 256, 1024):
    queries = torch.randn(500, head_dim)
    keys = torch.randn(16, head_dim)
    scores = queries @ keys.T  # (500, 16)
    numbers = []
    for s in (scores, scores / head_dim**0.5):
        numbers += [s.std().item(), s.softmax(-1).amax(-1).mean().item()]
    print("{:4} {:8.1f} {:8.2f}   | {:22.1f} {:8.2f}".format(head_dim, *numbers))
