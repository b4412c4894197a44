import torch

from llm_book.training.loss import next_token_loss

targets = torch.tensor([[0]])
for sure in (1, 10, 100):
    logits = torch.zeros(1, 1, 8)
    logits[..., 0] = sure
    once = next_token_loss(logits, targets)
    twice = next_token_loss(logits.softmax(-1), targets)
    print(f"logit {sure:3}: loss {once:.4f}, after softmax {twice:.4f}")
