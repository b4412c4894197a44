import torch

from llm_book.training.loss import IGNORED, next_token_loss

logits = torch.zeros(2, 6, 2)
logits[0, :, 0] = 4.0  # row 0: sure of token 0, and wrong
targets = torch.full((2, 6), IGNORED)
targets[0, :1] = 1  # one word of an answer
targets[1, :] = 1  # six words, each a toss of a coin

rows = [next_token_loss(logits[[i]], targets[[i]]).item() for i in (0, 1)]
print("rows alone        ", [round(loss, 4) for loss in rows])
print("mean of row means ", round(sum(rows) / 2, 4))
print("mean over targets ", round(next_token_loss(logits, targets).item(), 4))
