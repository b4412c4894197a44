import torch
from torch.nn import functional as F

from llm_book.training.loss import next_token_loss

target = torch.tensor([[0]])
print("logit of the target  in bfloat16  in float32")
for logit in (0.0, 0.02, 0.04, 0.06, 0.08):
    logits = torch.zeros(1, 1, 50_257, dtype=torch.bfloat16)
    logits[..., 0] = logit
    rounded = F.cross_entropy(logits[0], target[0]).item()
    exact = next_token_loss(logits, target).item()
    print(f"{logit:19.2f} {rounded:12.4f} {exact:11.4f}")
