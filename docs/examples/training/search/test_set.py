import torch

torch.manual_seed(0)
answers, others = torch.randint(2, (2, 100))  # yes or no, 100 questions twice
models = torch.randint(2, (300, 100))  # 300 models that toss a coin
right = (models == answers).float().mean(1)
winner = models[right.argmax()]
print(f"chosen by these questions:    {right.max():.0%} right")
again = (winner == others).float().mean()
print(f"the same model on new ones:   {again:.0%} right")
