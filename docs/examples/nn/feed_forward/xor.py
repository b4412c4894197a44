import torch

from llm_book.nn.feed_forward import FeedForward

inputs = torch.tensor([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]])
targets = torch.tensor([[0.0], [1.0], [1.0], [0.0]])  # one or the other, not both

for name, model in (
    ("linear", torch.nn.Linear(2, 1)),
    ("two linear", torch.nn.Sequential(torch.nn.Linear(2, 8), torch.nn.Linear(8, 1))),
    ("feed-forward", torch.nn.Sequential(FeedForward(2, 8), torch.nn.Linear(2, 1))),
):
    torch.manual_seed(0)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    for _ in range(500):
        loss = (model(inputs) - targets).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(name, model(inputs).detach().flatten().numpy().round(1) + 0.0)
