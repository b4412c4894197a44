import torch

counts = torch.tensor([40.0, 20, 10, 10, 8, 6, 4, 2])
logits = counts.log()
for temperature in (0.5, 1.0, 2.0):
    power = counts ** (1 / temperature)
    by_hand = power / power.sum()
    by_softmax = (logits / temperature).softmax(-1)
    print(temperature, by_hand.numpy().round(3))
    print("   ", by_softmax.numpy().round(3))
