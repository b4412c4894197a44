import torch

counts = torch.tensor([40.0, 20, 10, 10, 8, 6, 4, 2])
logits = counts.log()

probabilities = logits.softmax(-1)
probabilities[2:] = 0.0  # top_k = 2
print("softmax twice:", probabilities.softmax(-1).numpy().round(3))

probabilities = logits.softmax(-1)
probabilities[2:] = 0.0
print("divide by sum:", (probabilities / probabilities.sum()).numpy().round(3))

for name, scores in (("p, then T:", logits), ("T, then p:", logits / 2.0)):
    probabilities = scores.softmax(-1)
    before = probabilities.cumsum(-1) - probabilities
    print(name, "top_p=0.65 keeps", int((before < 0.65).sum()), "tokens")
