import torch

torch.manual_seed(0)
losses = 2.0 + 0.05 * torch.randn(1000, 20)  # 1,000 searches of 20 trials
winners = losses.min(1).values
again = 2.0 + 0.05 * torch.randn(1000)  # the winner, trained with another seed
print(f"one trial        {losses[:, 0].mean():.2f}")
print(f"best of 20       {winners.mean():.2f}")
print(f"the winner again {again.mean():.2f}")
