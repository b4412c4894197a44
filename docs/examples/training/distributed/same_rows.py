import torch

torch.manual_seed(0)
rows = torch.randn(4096, 50)  # the gradient of each row of a corpus; their mean is the truth
truth = rows.mean(0)


def error(pick):
    draws = [(rows[pick()].mean(0) - truth).norm() for _ in range(400)]
    return torch.stack(draws).mean().item()


def half():
    return torch.randint(4096, (8,))


def same():
    return half().repeat(2)  # both processes draw with the same seed


def different():
    return torch.cat((half(), half()))


one = error(half)
for name, pick in (("one process", half), ("two, same rows", same), ("two, own rows", different)):
    print(f"{name:15} error {error(pick) / one:.1f}")
