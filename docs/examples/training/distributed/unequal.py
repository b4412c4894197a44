import torch

from llm_book.training.loss import IGNORED, next_token_loss

logits = torch.zeros(2, 4, 2)
logits[1, :, 0] = 2.0  # the second row is sure of token 0
targets = torch.tensor([[0, IGNORED, IGNORED, IGNORED], [0, 0, 0, 0]])

rows = [next_token_loss(logits[i : i + 1], targets[i : i + 1]).item() for i in (0, 1)]
print("losses of the two processes", [round(loss, 3) for loss in rows])
print("mean of the two            ", round(sum(rows) / 2, 3))
print("loss of the whole batch    ", round(next_token_loss(logits, targets).item(), 3))
