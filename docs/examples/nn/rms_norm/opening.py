import torch


def center(x):
    return x - x.mean(-1, keepdim=True)


def resize(x):
    return x / x.square().mean(-1, keepdim=True).sqrt()


ways = {
    "neither": lambda x: x,
    "mean taken off": center,
    "divided by size": resize,
    "both": lambda x: resize(center(x)),
}
for name, norm in ways.items():
    sizes = []
    for scale in (0.12, 0.24):
        torch.manual_seed(0)
        x = torch.randn(1, 64)
        for _ in range(60):
            x = torch.relu(norm(x) @ torch.randn(64, 64) * scale)
        sizes.append(f"{x.std():.0e}")
    print(f"{name:15}", *sizes)
