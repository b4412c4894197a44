import torch


def clip(gradient, norm):
    return gradient * min(1.0, 1.0 / float(norm))


def show(name, vector):
    print(f"{name:34}", [round(number, 2) for number in vector.tolist()])


print("FSDP: each process has a part of one gradient")
parts = torch.tensor([3.0]), torch.tensor([4.0])
whole = torch.cat(parts)
show("by the norm of the whole", clip(whole, whole.norm()))
show("each part by its own norm", torch.cat([clip(p, p.norm()) for p in parts]))

print("DDP: each process has a gradient of its rows")
halves = torch.tensor([30.0, 0.0]), torch.tensor([0.0, 1.0])  # one bad batch
mean = sum(halves) / 2
show("their mean, then clipped", clip(mean, mean.norm()))
show("each clipped, then the mean", sum(clip(h, h.norm()) for h in halves) / 2)
