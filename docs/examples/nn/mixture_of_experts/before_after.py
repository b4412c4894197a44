import torch

torch.manual_seed(0)
logits = torch.randn(1000, 8)  # what a router gives 1,000 tokens
values, chosen = logits.topk(2)

kept = logits.softmax(-1).gather(-1, chosen)  # softmax, then choose
divided = kept / kept.sum(-1, keepdim=True)  # and divide by the sum
after = values.softmax(-1)  # choose, then softmax

print("divided = after:", torch.allclose(divided, after, atol=1e-6))
print("kept = after:   ", torch.allclose(kept, after, atol=1e-6))
for name, weights in (("after", after), ("kept", kept)):
    sums = weights.sum(-1)
    print(f"{name:5} sums from {sums.min().item():.2f} to {sums.max().item():.2f}")
