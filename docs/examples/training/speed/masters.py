import torch

from llm_book.training.speed import MasterWeights

weight = torch.ones(1, dtype=torch.bfloat16)
for _ in range(100):
    weight -= 0.001
print("bfloat16 alone:      ", weight.item())

layer = torch.nn.Linear(1, 1, bias=False)
torch.nn.init.ones_(layer.weight)
masters = MasterWeights(layer)
optimizer = torch.optim.SGD(masters.parameters, lr=0.001)
for _ in range(100):
    layer(torch.ones(1, dtype=torch.bfloat16)).sum().backward()  # its gradient is 1
    masters.take_gradients()
    optimizer.step()
    masters.give_weights()
print("with a float32 copy: ", round(masters.parameters[0].item(), 4), "and in the model", end=" ")
print(layer.weight.item())
